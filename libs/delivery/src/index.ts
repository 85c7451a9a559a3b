export { MongoConnectionModule } from './connection';
export {
  configurationChangedSchema,
  nodeReloadedSchema,
  toTransportMessage,
  transportEvents,
  type ConfigurationChanged,
  type NodeReloaded,
  type TransportEvent,
} from './events';
export { GATEWAY_SECRET_HEADER } from './gateway-secret';
export { generationName } from './generation-name';
export { GenerationNumbers, generationsCollection, nobody } from './generation-numbers';
export { GenerationNumbersModule } from './generation-numbers.module';
export { HealthModule } from './health.module';
export {
  forgetNodeAfterSeconds,
  nodeIndexKey,
  nodeKey,
  NodeRecords,
  type NodeRecord,
  type ServedList,
} from './node-records';
export { REDIS, redisKey, RedisModule } from './redis.module';
export { redisTransportOptions, startTransport } from './redis-transport';
