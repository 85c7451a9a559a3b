import { Global, Inject, Injectable, Module, type OnModuleInit } from '@nestjs/common';
import { InjectConnection, MongooseModule } from '@nestjs/mongoose';
import type { Connection } from 'mongoose';
import { GenerationNumbers, MongoConnectionModule } from '@castellan/delivery';
import { Clock, LOGGER, type Logger } from '@castellan/observability';
import { auditChainSchema } from './changes/audit-chain';
import { AuditLedger } from './changes/audit-ledger';
import { AuditStore } from './changes/audit-store';
import { ChangeRecorder } from './changes/change-recorder';
import { ChangeFeed } from './changes/change-feed';
import { Generations } from './changes/generations';
import { Outbox } from './changes/outbox';
import { RecordWriter } from './changes/record-writer';
import { RevisionRetention, revisionSweepSchema } from './changes/revision-retention';
import { RevisionStore } from './changes/revision-store';
import { auditSchema, generationSchema, outboxSchema, revisionSchema } from './changes/rows';
import { ConsistentReads } from './consistent-reads';
import { ImportStore } from './imports/import-store';
import { frozenListSchema, importJournalSchema, importSchema, importStepSchema } from './imports/rows';
import { KeyEventQueue, keyEventSchema } from './keys/key-event-queue';
import { choreSchema, ChoreStore } from './keys/chores';
import { keyBlockSchema, KeyBlocks } from './keys/key-blocks';
import { KeyIndex } from './keys/key-index';
import { keyScanSchema, keySchema } from './keys/key-row';
import { KeyScans } from './keys/key-scans';
import { OrganisationConfirmations, organisationConfirmationSchema } from './keys/organisation-confirmations';
import { kindModels } from './kinds/kinds';
import { migrations } from './migrations/migrations';
import { Migrator } from './migrations/migrator';
import { modelNames } from './models';
import { installationSchema, InstallationStore } from './people/installation-store';
import { signInSchema, SignInStore } from './people/sign-in-store';
import { removalSchema, RemovalStore } from './resources/removal-store';
import { OrganisationStore, PolicyStore, UserGroupStore, UserStore, WebhookStore } from './resources/stores';
import { ApiStore } from './resources/api-store';
import { CertificateStore } from './resources/certificate-store';
import { OAuthClientStore } from './resources/oauth-client-store';

/** Brings the database to the form that this program needs, before the first request. */
@Injectable()
class StoreInitialiser implements OnModuleInit {
  constructor(
    @InjectConnection() private readonly connection: Connection,
    private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** @throws NewerDatabase */
  async onModuleInit(): Promise<void> {
    await new Migrator(this.connection, migrations, this.clock, this.logger).run();
  }
}

const stores = [OrganisationStore, UserStore, UserGroupStore, ApiStore, PolicyStore, WebhookStore];
const ledger = [
  ChangeRecorder,
  ChangeFeed,
  Outbox,
  GenerationNumbers,
  Generations,
  RevisionStore,
  RevisionRetention,
  AuditStore,
  AuditLedger,
];
const transfer = [ConsistentReads, ImportStore];
const keys = [KeyBlocks, KeyEventQueue, KeyIndex, KeyScans, OrganisationConfirmations];
const keyStore = [ChoreStore, CertificateStore, OAuthClientStore];
const people = [SignInStore, InstallationStore, RemovalStore];

/** MongoDB, and everything that reads or writes it. */
@Global()
@Module({
  imports: [
    MongoConnectionModule.forRoot(),
    MongooseModule.forFeature([
      ...kindModels,
      { name: modelNames.revision, schema: revisionSchema },
      { name: modelNames.revisionSweep, schema: revisionSweepSchema },
      { name: modelNames.audit, schema: auditSchema },
      { name: modelNames.auditChain, schema: auditChainSchema },
      { name: modelNames.outbox, schema: outboxSchema },
      { name: modelNames.generation, schema: generationSchema },
      { name: modelNames.import, schema: importSchema },
      { name: modelNames.importStep, schema: importStepSchema },
      { name: modelNames.importJournal, schema: importJournalSchema },
      { name: modelNames.signIn, schema: signInSchema },
      { name: modelNames.installation, schema: installationSchema },
      { name: modelNames.removal, schema: removalSchema },
      { name: modelNames.frozenList, schema: frozenListSchema },
      { name: modelNames.key, schema: keySchema },
      { name: modelNames.keyBlock, schema: keyBlockSchema },
      { name: modelNames.keyEvent, schema: keyEventSchema },
      { name: modelNames.keyScan, schema: keyScanSchema },
      { name: modelNames.organisationConfirmation, schema: organisationConfirmationSchema },
      { name: modelNames.chore, schema: choreSchema },
    ]),
  ],
  providers: [StoreInitialiser, RecordWriter, ...stores, ...ledger, ...transfer, ...keys, ...keyStore, ...people],
  exports: [MongooseModule, ...stores, ...ledger, ...transfer, ...keys, ...keyStore, ...people],
})
export class PersistenceModule {}
