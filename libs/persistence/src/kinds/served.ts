import {
  flagAt,
  isJsonObject,
  nodeApiItem,
  numberAt,
  ownField,
  parseJson,
  toNodeDocument,
  toNodePolicy,
  type JsonObject,
} from '@castellan/tyk';

/** One resource as nodes read it. */
export interface NodeItem {
  /** JSON text. */
  readonly text: string;
  /** Nodes get those with the highest first. */
  readonly rank: number;
}

/** What nodes read of a policy's document; null when there is nothing to read. */
export const servedPolicy = (document: string): NodeItem | null => {
  const policy = parseJson(document);
  return isJsonObject(policy) ? { text: JSON.stringify(toNodePolicy(policy)), rank: 0 } : null;
};

/** What nodes read of an API's document. Ranked by `sort_by`, as the gateways of the first generation read them. */
export const servedApi = (document: string): NodeItem | null => {
  const wrapper = parseJson(document);
  return isJsonObject(wrapper) ? { text: itemText(wrapper), rank: numberAt(wrapper, 'sort_by') } : null;
};

const itemText = (wrapper: JsonObject): string => {
  const oas = ownField(wrapper, 'oas');
  const definition = JSON.stringify(ownField(wrapper, 'api_definition'));
  // Nodes decode the document whatever the definition says, and what a classic API keeps there nobody has checked.
  const isOas = flagAt(wrapper, 'api_definition', 'is_oas') && isJsonObject(oas);
  return nodeApiItem(definition, isOas ? JSON.stringify(toNodeDocument(oas).document) : undefined);
};
