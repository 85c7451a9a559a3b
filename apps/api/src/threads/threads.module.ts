import { Global, Module } from '@nestjs/common';
import { DOCUMENT_WORK, kindNamed, workAtOnce, type DocumentWork } from '@castellan/persistence';
import { nodeItems } from '@castellan/tyk';
import { inThread, isLarge } from './large-documents';

/** What is found out about documents when they are written: at once, and of large ones in a thread. */
const documentWork: DocumentWork = {
  digest: (document) => (isLarge(document) ? inThread('digest', document) : workAtOnce.digest(document)),
  diff: (change) =>
    isLarge(change.before, change.after)
      ? inThread('diff', change.before, change.after, JSON.stringify(kindNamed(change.kind).rights ?? []))
      : workAtOnce.diff(change),
  served: (kind, document) => {
    const { served } = kindNamed(kind);
    // Threads know the kinds that Tyk has, and do not load those of the database.
    const [form] = Object.entries(nodeItems).find(([, of]) => of === served?.of) ?? [];
    return form !== undefined && isLarge(document)
      ? inThread('served', form, document)
      : workAtOnce.served(kind, document);
  },
};

@Global()
@Module({
  providers: [{ provide: DOCUMENT_WORK, useValue: documentWork }],
  exports: [DOCUMENT_WORK],
})
export class ThreadsModule {}
