export type JsonObject = Readonly<Record<string, unknown>>;

/** The gateway's decoder would refuse this body: a whole reply fails for one field of the wrong type. */
export class UndecodableReply extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'UndecodableReply';
  }
}

export interface RegistrationReply {
  readonly status: string;
  /** `Message.NodeID`, when there is one of type string. */
  readonly nodeId: string | undefined;
  readonly nonce: string;
}

export interface NodeApi {
  readonly apiId: string;
  /** `api_definition` as it was sent. */
  readonly definition: JsonObject;
  /** `oas` as it was sent. */
  readonly oas: unknown;
  readonly listenPath: string;
  /** Empty when there is none or it is disabled. */
  readonly domain: string;
  /** Reachable over HTTP: neither internal nor a TCP service. */
  readonly overHttp: boolean;
  readonly tags: readonly string[];
  readonly tagsDisabled: boolean;
}

export interface ApisReply {
  readonly apis: readonly NodeApi[];
  readonly nonce: string;
}

export interface PoliciesReply {
  /** By the id the node uses. */
  readonly policies: ReadonlyMap<string, JsonObject>;
  readonly nonce: string;
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const kindOf = (value: unknown): string => (Array.isArray(value) ? 'array' : typeof value);

const refuse = (where: string, expected: string, value: unknown): never => {
  throw new UndecodableReply(`${where} must be ${expected}, not ${kindOf(value)}`);
};

// Go leaves a field alone when JSON says null, so null and absent are the same everywhere below.

const objectIn = (value: unknown, where: string): JsonObject => {
  if (value === undefined || value === null) return {};
  return isObject(value) ? value : refuse(where, 'an object', value);
};

const listIn = (value: unknown, where: string): readonly unknown[] => {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : refuse(where, 'an array', value);
};

const stringIn = (value: unknown, where: string): string => {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : refuse(where, 'a string', value);
};

const flagIn = (value: unknown, where: string): boolean => {
  if (value === undefined || value === null) return false;
  return typeof value === 'boolean' ? value : refuse(where, 'a boolean', value);
};

const numberIn = (value: unknown, where: string): number => {
  if (value === undefined || value === null) return 0;
  return typeof value === 'number' ? value : refuse(where, 'a number', value);
};

const stringsIn = (value: unknown, where: string): readonly string[] =>
  listIn(value, where).map((entry, index) => stringIn(entry, `${where}[${index}]`));

const objectIdIn = (value: unknown, where: string): string => {
  const id = stringIn(value, where);
  if (id !== '' && !/^[0-9a-f]{24}$/i.test(id)) throw new UndecodableReply(`${where} must be 24 hex digits or empty`);
  return id;
};

const parse = (body: string): JsonObject => {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (error) {
    throw new UndecodableReply(error instanceof Error ? error.message : 'not JSON');
  }
  return objectIn(value, 'the body');
};

/**
 * Decodes the reply to register, ping and deregister (docs/tyk/nodes.md#calls: `Message` is a map of strings or null
 * up to 5.12.1).
 *
 * @throws UndecodableReply
 */
export const decodeNodeReply = (body: string, messageTypes: 'strings' | 'any'): RegistrationReply => {
  const reply = parse(body);
  const status = stringIn(reply['Status'], 'Status');
  const nonce = stringIn(reply['Nonce'], 'Nonce');
  if (messageTypes === 'any') {
    const nodeId = isObject(reply['Message']) ? reply['Message']['NodeID'] : undefined;
    return { status, nonce, nodeId: typeof nodeId === 'string' && nodeId !== '' ? nodeId : undefined };
  }
  const message = objectIn(reply['Message'], 'Message');
  for (const [key, value] of Object.entries(message)) stringIn(value, `Message.${key}`);
  const nodeId = Object.hasOwn(message, 'NodeID') ? stringIn(message['NodeID'], 'Message.NodeID') : undefined;
  return { status, nonce, nodeId };
};

const decodeApi = (entry: unknown, index: number): NodeApi => {
  const where = `Message[${index}]`;
  const item = objectIn(entry, where);
  // The gateway takes the address of this field; without it the process would die rather than fail to decode.
  if (!isObject(item['api_definition'])) return refuse(`${where}.api_definition`, 'an object', item['api_definition']);
  const definition = item['api_definition'];
  const at = `${where}.api_definition`;
  const proxy = objectIn(definition['proxy'], `${at}.proxy`);
  objectIdIn(definition['id'], `${at}.id`);
  stringIn(definition['name'], `${at}.name`);
  stringIn(definition['org_id'], `${at}.org_id`);
  stringIn(proxy['target_url'], `${at}.proxy.target_url`);
  // Read for its type only: no gateway looks whether an API is active, the dashboard has to leave inactive ones out.
  flagIn(definition['active'], `${at}.active`);
  const domainDisabled = flagIn(definition['domain_disabled'], `${at}.domain_disabled`);
  const domain = stringIn(definition['domain'], `${at}.domain`);
  const protocol = stringIn(definition['protocol'], `${at}.protocol`);
  const internal = flagIn(definition['internal'], `${at}.internal`);
  return {
    apiId: stringIn(definition['api_id'], `${at}.api_id`),
    definition,
    oas: item['oas'],
    listenPath: stringIn(proxy['listen_path'], `${at}.proxy.listen_path`),
    domain: domainDisabled ? '' : domain,
    overHttp: !internal && ['', 'http', 'https', 'h2c'].includes(protocol),
    tags: stringsIn(definition['tags'], `${at}.tags`),
    tagsDisabled: flagIn(definition['tags_disabled'], `${at}.tags_disabled`),
  };
};

/**
 * Decodes `/system/apis` (docs/tyk/nodes.md#calls). Checks the types of the fields every gateway reads; one definition
 * that does not decode fails the whole list, as it does there.
 *
 * @throws UndecodableReply
 */
export const decodeApis = (body: string): ApisReply => {
  const reply = parse(body);
  const nonce = stringIn(reply['Nonce'], 'Nonce');
  return { nonce, apis: listIn(reply['Message'], 'Message').map(decodeApi) };
};

const checkPolicy = (policy: JsonObject, at: string): void => {
  stringIn(policy['org_id'], `${at}.org_id`);
  stringIn(policy['name'], `${at}.name`);
  flagIn(policy['active'], `${at}.active`);
  flagIn(policy['is_inactive'], `${at}.is_inactive`);
  for (const field of ['rate', 'per', 'quota_max', 'quota_renewal_rate']) numberIn(policy[field], `${at}.${field}`);
  stringsIn(policy['tags'], `${at}.tags`);
  const rights = objectIn(policy['access_rights'], `${at}.access_rights`);
  for (const [apiId, entry] of Object.entries(rights)) {
    const right = objectIn(entry, `${at}.access_rights.${apiId}`);
    // The names without underscore are what gateways up to 5.1.0 read.
    for (const field of ['api_id', 'api_name', 'apiid', 'apiname']) {
      stringIn(right[field], `${at}.access_rights.${apiId}.${field}`);
    }
    stringsIn(right['versions'], `${at}.access_rights.${apiId}.versions`);
  }
};

/**
 * Decodes `/system/policies` (docs/tyk/nodes.md#calls). A policy's id is its `id` where explicit ids are allowed and
 * it has one, else its `_id`; of two with the same id the first counts.
 *
 * @throws UndecodableReply
 */
export const decodePolicies = (body: string, allowExplicitId: boolean): PoliciesReply => {
  const reply = parse(body);
  const nonce = stringIn(reply['Nonce'], 'Nonce');
  const policies = new Map<string, JsonObject>();
  for (const [index, entry] of listIn(reply['Message'], 'Message').entries()) {
    const at = `Message[${index}]`;
    const policy = objectIn(entry, at);
    checkPolicy(policy, at);
    const rowId = objectIdIn(policy['_id'], `${at}._id`).toLowerCase();
    const explicitId = stringIn(policy['id'], `${at}.id`);
    const id = allowExplicitId && explicitId !== '' ? explicitId : rowId;
    if (!policies.has(id)) policies.set(id, policy);
  }
  return { policies, nonce };
};

/** For readers of other JSON than the dashboard's. */
export const isJsonObject = isObject;
