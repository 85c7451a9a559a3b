/** What a gateway and its control plane say to each other over HTTP (docs/tyk/nodes.md). */

/** Request headers of the node plane, in lower case as Node.js shows them (docs/tyk/nodes.md#headers). */
export const NODE_HEADERS = {
  /** The node secret, raw, on every call. */
  secret: 'authorization',
  /** The id given at registration; on every call but the registration itself. */
  nodeId: 'x-tyk-nodeid',
  /** The last nonce the node received; on every call but the registration itself. */
  nonce: 'x-tyk-nonce',
  /** The operating system's host name; on register, ping and deregister only. */
  hostname: 'x-tyk-hostname',
  /** A UUID of the gateway process; gateways from 4 on. */
  sessionId: 'x-tyk-session-id',
} as const;

/**
 * Paths of the node plane (docs/tyk/nodes.md#calls). Gateways of the 3.x line deregister with GET instead of DELETE.
 */
export const NODE_PATHS = {
  register: '/register/node',
  ping: '/register/ping',
  policies: '/system/policies',
  apis: '/system/apis',
  clientIdps: '/system/clientidps',
  deregister: '/system/node',
  quotaTrigger: '/system/key/quota_trigger',
} as const;

/**
 * Texts of 403 answers. On a ping each makes a gateway register again, whatever it says. On a fetch gateways look for
 * the words of `nonce` and `unknownNode`, anywhere in the body: those with the recovery (5.3.12, 5.8.6, 5.10.0 and later)
 * then register inside the reload, which waits for itself for ever. So those two are for pings alone.
 */
export const NODE_REFUSAL = {
  /** The nonce is missing, or is not one this node was given lately. */
  nonce: 'Nonce failed',
  /** No node id in the request, or one that nobody registered. */
  unknownNode: 'No node ID Found',
  /** A fetch that is not answered: the gateway keeps what it has, and its next ping is told to register. */
  fetch: 'Not recognised',
} as const;

/**
 * What the 2.x to 5.12 gateways can read in the replies to register, ping, deregister and quota trigger
 * (docs/tyk/nodes.md#replies).
 */
export type NodeMessage = Readonly<Record<string, string>>;

/** Body of a 200 answer to ping, deregister and quota trigger. The nonce must be new (docs/tyk/nodes.md#nonces). */
export function nodeReply(message: NodeMessage, nonce: string): string {
  return JSON.stringify({ Status: 'OK', Message: message, Nonce: nonce });
}

/** Body of the 200 answer to a registration. */
export function registrationReply(nodeId: string, nonce: string): string {
  return nodeReply({ NodeID: nodeId }, nonce);
}

/**
 * The part of a `/system/apis` or `/system/policies` answer that is the same for every node: everything but the nonce
 * and the closing brace, so that it can be kept as bytes (plain or as one gzip member, docs/tyk/nodes.md#compression).
 * It comes in pieces, since the whole of it may be many megabytes.
 *
 * @param items JSON texts, taken as they are
 * @param atOnce how many of them make a piece
 */
export function* nodeListPieces(items: readonly string[], atOnce: number): Generator<string> {
  yield '{"Status":"OK","Message":[';
  for (let first = 0; first < items.length; first += atOnce) {
    yield (first === 0 ? '' : ',') + items.slice(first, first + atOnce).join(',');
  }
  yield ']';
}

/**
 * Stands alone in a list of policies that would be empty: gateways up to 5.2 keep the policies they have when they get
 * none. It is inactive, grants nothing, and belongs to no organisation, so that no key can have it.
 */
export const PLACEHOLDER_POLICY = JSON.stringify({
  _id: '000000000000000000000001',
  id: '000000000000000000000001',
  name: 'No policies',
  org_id: '',
  rate: 0,
  per: 0,
  quota_max: 0,
  quota_renewal_rate: -1,
  access_rights: {},
  active: false,
  is_inactive: true,
  tags: [],
  key_expires_in: 0,
  partitions: { quota: false, rate_limit: false, acl: false, complexity: false, per_api: false },
});

/** What follows {@link nodeListPieces} in the answer to one node. */
export function nodeListTail(nonce: string): string {
  return `,"Nonce":${JSON.stringify(nonce)}}`;
}

/**
 * One entry of `/system/apis`. Old gateways read only the classic definition (docs/tyk/nodes.md#calls).
 *
 * @param definition JSON text of the classic definition
 * @param oas JSON text of the OpenAPI document, if the API has one
 */
export function nodeApiItem(definition: string, oas?: string): string {
  return `{"api_definition":${definition},"oas":${oas ?? 'null'}}`;
}

/** Id of a newly registered node (docs/tyk/nodes.md#identity). `uuid` is a fresh random UUID. */
export function nodeIdFrom(uuid: string): string {
  return `solo-${uuid}`;
}

/**
 * A nonce in the form dashboards give: base64 of the node id and random hex (docs/tyk/nodes.md#identity).
 *
 * @param random at least 16 random bytes; two calls with the same bytes give the same nonce
 */
export function nonceFrom(nodeId: string, random: Uint8Array): string {
  return Buffer.from(nodeId + Buffer.from(random).toString('hex')).toString('base64');
}
