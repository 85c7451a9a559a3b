import { Global, Injectable, Module, type OnModuleInit } from '@nestjs/common';
import { InjectConnection, MongooseModule } from '@nestjs/mongoose';
import type { Connection } from 'mongoose';
import { ChangeRecorder } from './changes/change-recorder';
import { Generations, Outbox } from './changes/outbox';
import { RevisionStore } from './changes/revision-store';
import { auditSchema, generationSchema, outboxSchema, revisionSchema } from './changes/rows';
import { MongoConnectionModule } from './connection';
import { modelNames } from './models';
import { ApiStore, OrganisationStore, PolicyStore, UserStore, WebhookStore } from './resources/stores';
import { apiSchema, organisationSchema, policySchema, userSchema, webhookSchema } from './resources/rows';

/** Creates collections and indexes before the first request; unique indexes are what conflicts rest on. */
@Injectable()
class StoreInitialiser implements OnModuleInit {
  constructor(@InjectConnection() private readonly connection: Connection) {}

  async onModuleInit(): Promise<void> {
    // Transactions cannot create collections, so all exist beforehand.
    await Promise.all(
      Object.values(this.connection.models).map(async (model) => {
        await model.createCollection();
        await model.createIndexes();
      }),
    );
  }
}

const stores = [OrganisationStore, UserStore, ApiStore, PolicyStore, WebhookStore];
const ledger = [ChangeRecorder, Outbox, Generations, RevisionStore];

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
      { name: modelNames.audit, schema: auditSchema },
      { name: modelNames.outbox, schema: outboxSchema },
      { name: modelNames.generation, schema: generationSchema },
    ]),
  ],
  providers: [StoreInitialiser, ...stores, ...ledger],
  exports: [MongooseModule, ...stores, ...ledger],
})
export class PersistenceModule {}
