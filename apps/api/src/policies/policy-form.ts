import type { PolicyRow } from '@castellan/persistence';
import { textAt, type JsonObject } from '@castellan/tyk';
import type { DocumentForm } from '../resources/document-form';
import { without } from '../resources/fields';

/** Policies in documents. */
export const policyForm: DocumentForm<PolicyRow> = {
  idPath: '_id',
  identityOf: (policy) => ({ id: textAt(policy, '_id'), key: textAt(policy, 'id') }),
  /** Keys and nodes go by the explicit id, so one that the document does not say stays. */
  withIdentity: (policy, { id, key }, organisation) => {
    const explicit = textAt(policy, 'id') === '' && key !== '' && key !== id ? { id: key } : {};
    return { ...policy, ...explicit, _id: id, org_id: organisation };
  },
  portable: (policy) => without(policy, 'org_id'),
  outlineOf: ({ policyId, name, tags }) => ({
    key: policyId,
    name,
    tags,
    categories: null,
    claims: [],
    slug: null,
    copies: [],
  }),
  /**
   * Castellan dates policies, and looks at no dates when it asks whether one has changed (decision 13). A new policy
   * keeps those that it brings along.
   */
  readings: (policy, stored) => {
    const [created, updated] = [dateOf(stored, 'date_created'), dateOf(stored, 'last_updated')];
    const undated = without(policy, 'last_updated');
    return [
      { ...undated, ...created, ...updated },
      { ...undated, ...created },
    ];
  },
};

const dateOf = (stored: JsonObject, name: string): JsonObject => {
  const date = textAt(stored, name);
  return date === '' ? {} : { [name]: date };
};
