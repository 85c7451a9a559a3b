export { sealOf, type AuditChainRow, type AuditOwner } from './changes/audit-chain';
export type { AuditFilter, AuditReach } from './changes/audit-filter';
export { AuditLedger } from './changes/audit-ledger';
export { AuditStore } from './changes/audit-store';
export { type ChangeContext } from './changes/change-context';
export { ChangeRecorder } from './changes/change-recorder';
export { type Change, type ChangeTransaction } from './changes/change-transaction';
export { generationName } from './changes/generation-name';
export { Generations, Outbox } from './changes/outbox';
export { RevisionRetention, type RevisionPlace, type RevisionsToKeep } from './changes/revision-retention';
export { RevisionStore, type RevisionSummary } from './changes/revision-store';
export type { Actor, AuditRow, GenerationRow, Operation, OutboxRow, RevisionRow } from './changes/rows';
export { MongoConnectionModule } from './connection';
export { ConsistentReads } from './consistent-reads';
export { GenerationsModule } from './generations.module';
export { HealthModule } from './health.module';
export { isObjectIdText, newObjectId, toObjectId, toOrganisationId, type OrganisationId } from './ids';
export { ImportRunning } from './imports/import-running';
export { ImportStore, type ImportProgress, type ImportSummary } from './imports/import-store';
export type { FrozenListRow, ImportJournalRow, ImportRefusal, ImportRow, ImportStepRow } from './imports/rows';
export { modelNames } from './models';
export {
  forgetNodeAfterSeconds,
  nodeIndexKey,
  nodeKey,
  NodeRecords,
  type NodeRecord,
  type ServedList,
} from './nodes/node-records';
export { type Page, type Place } from './paging';
export { PersistenceModule } from './persistence.module';
export { decodePosition, encodePosition, type PositionValue } from './position';
export { REDIS, redisKey, RedisModule } from './redis.module';
export { redisTransportOptions, startTransport } from './redis-transport';
export { ApiStore, type ApiHolder, type ApiNeighbour, type ApiSummary, type ApiWithBase } from './resources/api-store';
export { DuplicateKey, LostRace } from './resources/duplicate-key';
export {
  resourceKinds,
  type Draft,
  type Head,
  type ResourceKindName,
  type ResourceRow,
} from './resources/resource-row';
export { ResourceStore, type PageQuery, type ResourceKind } from './resources/resource-store';
export type { ApiRow, OrganisationRow, PolicyRow, UserRow, WebhookRow } from './resources/rows';
export { OrganisationStore, PolicyStore, UserStore, WebhookStore } from './resources/stores';
