export { defaultDeadlineMs, eventually, type EventuallyOptions, NeverHappened } from './eventually';
export { nodeProfiles, type NodeBehaviour, type NodeProfile } from './node-simulator/behaviour';
export { servedApiHeader } from './node-simulator/control-server';
export {
  describeEvent,
  type FetchedResource,
  type NodeCall,
  type NodeEvent,
  type NodeEventDetail,
  type NodeEventType,
} from './node-simulator/events';
export { KeyCache, type CacheGeneration, type CallUnderWay } from './node-simulator/key-cache';
export { MemorySignals } from './node-simulator/memory-signals';
export { NodeSimulator } from './node-simulator/node-simulator';
export type { NodeSettings, NodeSimulatorOptions } from './node-simulator/options';
export { RedisSignals } from './node-simulator/redis-signals';
export { signalChannel, type SignalSource } from './node-simulator/signals';
export { anApiDefinition, aPolicy, unique } from './builders';
export { Contract, ContractBroken } from './contract/contract';
export {
  HttpClient,
  listOf,
  numberOf,
  textOf,
  withVersion,
  type Call,
  type Exchange,
  type JsonReply,
  type Observer,
  type Reply,
} from './http';
export { freePort } from './free-port';
export { RedisServers, type RedisServer } from './redis-servers';
export {
  analyticsList,
  anAnalyticsRecord,
  anUptimeRecord,
  encodeRecord,
  someTraffic,
  wireTime,
  type RecordGeneration,
} from './analytics-records';
export { makeCertificate, type CertificateOptions, type MadeCertificate } from './certificates';
export { redisCommandsOf } from './redis-commands';
