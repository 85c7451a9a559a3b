import type { PolicyRow } from '@castellan/persistence';
import { appendFields, isJsonObject, parseJson, toNodePolicy } from '@castellan/tyk';

/** One policy as clients get it: the stored text, with the row's version behind it. */
export const policyReply = ({ document, version }: PolicyRow): string => appendFields(document, { version });

/**
 * A policy in a list: there, clients look for an API under `apiid` and `apiname` (docs/tyk/management.md#policies), or
 * as everywhere else.
 */
export const policyListItem = ({ document, version }: PolicyRow): string => {
  const policy = parseJson(document);
  const text = isJsonObject(policy) ? JSON.stringify(toNodePolicy(policy)) : document;
  return appendFields(text, { version });
};
