export { sealOf, type AuditChainRow, type AuditOwner } from './changes/audit-chain';
export type { AuditFilter, AuditReach } from './changes/audit-filter';
export { AuditLedger } from './changes/audit-ledger';
export { AuditStore } from './changes/audit-store';
export { type ActContext, type ChangeContext } from './changes/change-context';
export { ChangeFeed } from './changes/change-feed';
export { ChangeRecorder } from './changes/change-recorder';
export { KEPT_TEXT, type KeptText } from './changes/kept-text';
export { DOCUMENT_WORK, type DocumentWork } from './changes/document-work';
export { workAtOnce } from './changes/document-works';
export { withoutRepeats, type Effect } from './changes/effects';
export { Generations, type Advance } from './changes/generations';
export { Outbox } from './changes/outbox';
export { bulkWriteWireVersion } from './changes/record-writer';
export { recordLimits, shownDiff, type Told } from './changes/records';
export { RevisionRetention, type RevisionPlace, type RevisionsToKeep } from './changes/revision-retention';
export { RevisionStore, type RevisionPlaceInTime, type RevisionSummary } from './changes/revision-store';
export type { Actor, AuditRow, GenerationRow, Operation, OutboxRow, RevisionRow } from './changes/rows';
export { type Change, type Demand, OrganisationGone, UnitOfWork } from './changes/unit-of-work';
export { ConsistentReads } from './consistent-reads';
export { EveryOrganisation, type Span } from './span';
export { isObjectIdText, newObjectId, noOrganisation, toObjectId, toOrganisationId, type OrganisationId } from './ids';
export { ImportRunning } from './imports/import-running';
export { ImportStore, type ImportProgress, type ImportSummary } from './imports/import-store';
export type { FrozenListRow, ImportJournalRow, ImportRefusal, ImportRow, ImportStepRow } from './imports/rows';
export { KeyEventQueue, type KeyEventRow } from './keys/key-event-queue';
export { ChoreStore, isForLater, type Chore, type ChoreRow, type Job } from './keys/chores';
export type { KeyFilter } from './keys/key-filter';
export { KeyIndex } from './keys/key-index';
export type { KeyRow, KeyScanRow, PendingWrite } from './keys/key-row';
export { saysWhatFinds } from './keys/key-terms';
export { KeyScans } from './keys/key-scans';
export { OrganisationConfirmations } from './keys/organisation-confirmations';
export {
  allKinds,
  defineKind,
  documentKinds,
  kindNamed,
  ownedKinds,
  kindNames,
  modelOf,
  registerKind,
  type AnyKind,
  type DocumentKind,
  type KindDefinition,
} from './kinds/kind';
export * from './kinds/kinds';
export { deleteOrder, draftOrder, writeOrder } from './kinds/order';
export { modelNames } from './models';
export { type Page, type Place } from './paging';
export { InstallationStore } from './people/installation-store';
export { SignInStore, type SignInRow, type StoredSecondFactor } from './people/sign-in-store';
export { folded, userSearchText } from './people/search-text';
export { PersistenceModule } from './persistence.module';
export { decodePosition, encodePosition, type PositionValue } from './position';
export {
  ApiStore,
  notListed,
  type ApiHolder,
  type ApiNeighbour,
  type ApiSummary,
  type ApiWithBase,
} from './resources/api-store';
export { CertificateStore, type CertificatePlace } from './resources/certificate-store';
export { OAuthClientStore } from './resources/oauth-client-store';
export { DuplicateKey, LostRace } from './resources/duplicate-key';
export { isTheirs, ownedFields, type Owned, type Viewer } from './resources/owned';
export { RemovalStore, type RemovalRow } from './resources/removal-store';
export { type Draft, type Head, type ResourceRow } from './resources/resource-row';
export { refuseTooLarge, ResourceStore, type Claims, type PageQuery } from './resources/resource-store';
export {
  OrganisationStore,
  PolicyStore,
  slugKeyOf,
  UserGroupStore,
  usersNotListed,
  UserStore,
  WebhookStore,
  type UserSummary,
} from './resources/stores';
