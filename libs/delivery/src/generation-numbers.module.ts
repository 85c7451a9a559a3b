import { Global, Module } from '@nestjs/common';
import { MongoConnectionModule } from './connection';
import { GenerationNumbers } from './generation-numbers';

/** MongoDB for a process that only wants to know how far each organisation has come; it makes no collection and no index. */
@Global()
@Module({
  imports: [MongoConnectionModule.forRoot()],
  providers: [GenerationNumbers],
  exports: [GenerationNumbers],
})
export class GenerationNumbersModule {}
