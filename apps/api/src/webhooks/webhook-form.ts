import type { WebhookRow } from '@castellan/persistence';
import { textAt } from '@castellan/tyk';
import { plainOutline, type DocumentForm } from '../resources/document-form';
import { without } from '../resources/fields';

/** Web hooks in documents. */
export const webhookForm: DocumentForm<WebhookRow> = {
  idPath: 'id',
  identityOf: (hook) => {
    const id = textAt(hook, 'id');
    return { id, key: id };
  },
  withIdentity: (hook, { id }, organisation) => ({ ...hook, id, org_id: organisation }),
  portable: (hook) => without(hook, 'org_id'),
  outlineOf: ({ _id, name }) => plainOutline(_id.toString(), name),
};
