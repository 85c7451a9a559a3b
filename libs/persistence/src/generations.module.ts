import { Global, Module } from '@nestjs/common';
import { MongooseModule } from '@nestjs/mongoose';
import { Generations } from './changes/generations';
import { generationSchema } from './changes/rows';
import { MongoConnectionModule } from './connection';
import { modelNames } from './models';

/** MongoDB for a process that only wants to know how far each organisation has come; it makes no collection and no index. */
@Global()
@Module({
  imports: [
    MongoConnectionModule.forRoot(),
    MongooseModule.forFeature([{ name: modelNames.generation, schema: generationSchema }]),
  ],
  providers: [Generations],
  exports: [Generations],
})
export class GenerationsModule {}
