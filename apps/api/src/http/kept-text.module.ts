import { Global, Module } from '@nestjs/common';
import { CONFIG } from '@castellan/config';
import { KEPT_TEXT } from '@castellan/persistence';
import { keptTextOf } from './credentials-in-text';

/** What every text goes through that comes from outside and is kept where others read it (promise 9). */
@Global()
@Module({
  providers: [{ provide: KEPT_TEXT, inject: [CONFIG], useFactory: keptTextOf }],
  exports: [KEPT_TEXT],
})
export class KeptTextModule {}
