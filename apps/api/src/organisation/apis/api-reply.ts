import type { ApiRow } from '@castellan/persistence';
import { appendFields } from '@castellan/tyk';

/** The wrapper as clients get it: the stored text, with the row's own facts behind it. */
export const apiReply = ({ document, createdAt, updatedAt, version }: ApiRow): string =>
  appendFields(document, {
    created_at: createdAt.toISOString(),
    updated_at: updatedAt.toISOString(),
    version,
  });
