import type { PolicyRow } from '@castellan/persistence';
import { isJsonObject, parseJson, toNodePolicy } from '@castellan/tyk';

/** A policy in a list: there, clients look for an API under `apiid` and `apiname` (docs/tyk/management.md#policies), or as everywhere else. */
export const policyListItem = ({ document }: PolicyRow): string => {
  const policy = parseJson(document);
  return isJsonObject(policy) ? JSON.stringify(toNodePolicy(policy)) : document;
};
