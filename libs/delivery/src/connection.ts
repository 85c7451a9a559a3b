import { Module, type DynamicModule } from '@nestjs/common';
import { MongooseModule } from '@nestjs/mongoose';
import { CONFIG, type CommonConfig } from '@castellan/config';
import { timeLimits } from './time-limits';

/**
 * Opens the one connection to MongoDB. A start waits for it for as long as it takes, a request five seconds; that it has
 * stopped answering without a word is noticed within about fifteen.
 */
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
            ...timeLimits(mongodbUri),
            // The API answers 503 meanwhile: it has to be there before its databases are.
            retryAttempts: Number.MAX_SAFE_INTEGER,
            retryDelay: 1_000,
            writeConcern: { w: 'majority', journal: true },
          }),
        }),
      ],
    };
  }
}
