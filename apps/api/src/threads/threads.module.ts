import { Global, Module } from '@nestjs/common';
import { DOCUMENT_WORK, workAtOnce, type DocumentWork } from '@castellan/persistence';
import { inThread, isLarge } from './large-documents';

/** What is found out about documents when they are written: at once, and of large ones in a thread. */
const documentWork: DocumentWork = {
  digest: (document) => (isLarge(document) ? inThread('digest', document) : workAtOnce.digest(document)),
  diff: (change) =>
    isLarge(change.before, change.after)
      ? inThread('diff', change.kind, change.before, change.after)
      : workAtOnce.diff(change),
  served: (kind, document) =>
    isLarge(document) ? inThread('served', kind, document) : workAtOnce.served(kind, document),
};

@Global()
@Module({
  providers: [{ provide: DOCUMENT_WORK, useValue: documentWork }],
  exports: [DOCUMENT_WORK],
})
export class ThreadsModule {}
