import { Module, type DynamicModule } from '@nestjs/common';
import { MongooseModule } from '@nestjs/mongoose';
import { CONFIG, type CommonConfig } from '@castellan/config';

/** Opens the one connection to MongoDB; a start waits at most five seconds for it, and so does a request. */
@Module({})
export class MongoConnectionModule {
  static forRoot(): DynamicModule {
    return {
      module: MongoConnectionModule,
      imports: [
        MongooseModule.forRootAsync({
          inject: [CONFIG],
          useFactory: ({ mongodbUri }: CommonConfig) => ({
            uri: mongodbUri,
            // Indexes are built by StoreInitialiser, which the start waits for.
            autoIndex: false,
            autoCreate: false,
            serverSelectionTimeoutMS: 5_000,
            retryAttempts: 5,
            retryDelay: 1_000,
            writeConcern: { w: 'majority', journal: true },
          }),
        }),
      ],
    };
  }
}
