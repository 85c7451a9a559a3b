import { nodeApiItem } from './node-protocol';
import { toNodeDocument } from './node-document';
import { toNodePolicy } from '../check/policy/check-policy';
import { isJsonObject, ownField, parseJson, type JsonObject } from '../json/json-text';
import { flagAt, numberAt } from '../json/read';

/** The fields of documents that say who owns a resource. */
export const ownerFields: readonly string[] = ['user_owners', 'user_group_owners'];

/** One resource as nodes read it. */
export interface NodeItem {
  /** JSON text. */
  readonly text: string;
  /** Nodes get those with the highest first. */
  readonly rank: number;
}

/** Whether two are the same to every node: the same bytes at the same place, or both nothing. */
export const isSameItem = (one: NodeItem | null, other: NodeItem | null): boolean =>
  one?.text === other?.text && one?.rank === other?.rank;

/** What nodes read of a policy's document; null when there is nothing to read. */
const servedPolicy = (document: string): NodeItem | null => {
  const policy = parseJson(document);
  if (!isJsonObject(policy) || !flagAt(policy, 'active')) return null;
  return { text: JSON.stringify(denied(toNodePolicy(withoutOwners(policy)))), rank: 0 };
};

/** Who owns a policy is nothing to nodes, and none reloads for a change of it. */
const withoutOwners = (policy: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(policy).filter(([name]) => !ownerFields.includes(name)));

/** `state: deny` is for people; what makes gateways refuse the keys of a policy is `is_inactive`. */
const denied = (policy: JsonObject): JsonObject =>
  ownField(policy, 'state') === 'deny' ? { ...policy, is_inactive: true } : policy;

/**
 * What nodes read of an API's document; null when there is nothing to read. Ranked by `sort_by`, as the gateways of the
 * first generation read them (docs/tyk/nodes.md#old-gateways).
 */
const servedApi = (document: string): NodeItem | null => {
  const wrapper = parseJson(document);
  if (!isJsonObject(wrapper) || !flagAt(wrapper, 'api_definition', 'active')) return null;
  return { text: itemText(wrapper), rank: numberAt(wrapper, 'sort_by') };
};

const itemText = (wrapper: JsonObject): string => {
  const oas = ownField(wrapper, 'oas');
  const definition = JSON.stringify(ownField(wrapper, 'api_definition'));
  // Nodes decode the document whatever the definition says, and what a classic API keeps there nobody has checked.
  const isOas = flagAt(wrapper, 'api_definition', 'is_oas') && isJsonObject(oas);
  return nodeApiItem(definition, isOas ? JSON.stringify(toNodeDocument(oas).document) : undefined);
};

/** What nodes are served of a document, by what it is a document of. */
export const nodeItems = { api: servedApi, policy: servedPolicy } as const;
