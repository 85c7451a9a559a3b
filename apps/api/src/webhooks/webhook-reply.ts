import type { WebhookRow } from '@castellan/persistence';
import { appendFields } from '@castellan/tyk';

/** The web hook as clients get it: the stored text, with the row's version behind it. */
export const webhookReply = ({ document, version }: WebhookRow): string => appendFields(document, { version });
