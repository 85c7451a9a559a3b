import { Global, Injectable, Module, type OnModuleInit } from '@nestjs/common';
import { InjectConnection, MongooseModule } from '@nestjs/mongoose';
import type { Connection } from 'mongoose';
import { auditChainSchema } from './changes/audit-chain';
import { AuditLedger } from './changes/audit-ledger';
import { AuditStore } from './changes/audit-store';
import { ChangeRecorder } from './changes/change-recorder';
import { Generations, Outbox } from './changes/outbox';
import { RevisionRetention, revisionSweepSchema } from './changes/revision-retention';
import { RevisionStore } from './changes/revision-store';
import { auditSchema, generationSchema, outboxSchema, revisionSchema } from './changes/rows';
import { MongoConnectionModule } from './connection';
import { ConsistentReads } from './consistent-reads';
import { ImportStore } from './imports/import-store';
import { frozenListSchema, importJournalSchema, importSchema, importStepSchema } from './imports/rows';
import { modelNames } from './models';
import { OrganisationStore, PolicyStore, UserStore, WebhookStore } from './resources/stores';
import { ApiStore } from './resources/api-store';
import { apiSchema, organisationSchema, policySchema, userSchema, webhookSchema } from './resources/rows';

/** Creates collections and indexes before the first request; unique indexes are what conflicts rest on. */
@Injectable()
class StoreInitialiser implements OnModuleInit {
  constructor(@InjectConnection() private readonly connection: Connection) {}

  /**
   * Makes only what is missing: after a crash a transaction of the dead process may be open for a minute yet, and making
   * what exists would wait for it.
   */
  async onModuleInit(): Promise<void> {
    const collections = new Set((await this.connection.listCollections()).map(({ name }) => name));
    // Transactions cannot create collections, so all exist beforehand.
    await Promise.all(
      Object.values(this.connection.models).map(async (model) => {
        if (!collections.has(model.collection.collectionName)) await model.createCollection();
        const { toCreate } = await model.diffIndexes();
        if (toCreate.length > 0) await model.createIndexes();
      }),
    );
  }
}

const stores = [OrganisationStore, UserStore, ApiStore, PolicyStore, WebhookStore];
const ledger = [ChangeRecorder, Outbox, Generations, RevisionStore, RevisionRetention, AuditStore, AuditLedger];
const transfer = [ConsistentReads, ImportStore];

/** MongoDB, and everything that reads or writes it. */
@Global()
@Module({
  imports: [
    MongoConnectionModule.forRoot(),
    MongooseModule.forFeature([
      { name: modelNames.organisation, schema: organisationSchema },
      { name: modelNames.user, schema: userSchema },
      { name: modelNames.api, schema: apiSchema },
      { name: modelNames.policy, schema: policySchema },
      { name: modelNames.webhook, schema: webhookSchema },
      { name: modelNames.revision, schema: revisionSchema },
      { name: modelNames.revisionSweep, schema: revisionSweepSchema },
      { name: modelNames.audit, schema: auditSchema },
      { name: modelNames.auditChain, schema: auditChainSchema },
      { name: modelNames.outbox, schema: outboxSchema },
      { name: modelNames.generation, schema: generationSchema },
      { name: modelNames.import, schema: importSchema },
      { name: modelNames.importStep, schema: importStepSchema },
      { name: modelNames.importJournal, schema: importJournalSchema },
      { name: modelNames.frozenList, schema: frozenListSchema },
    ]),
  ],
  providers: [StoreInitialiser, ...stores, ...ledger, ...transfer],
  exports: [MongooseModule, ...stores, ...ledger, ...transfer],
})
export class PersistenceModule {}
