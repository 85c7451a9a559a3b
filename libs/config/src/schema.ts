import { z } from 'zod';
import { analyticsSettings } from './analytics-settings';
import { withDatabase } from './mongodb-uri';
import { peopleSettings, secretSettings } from './people-settings';
import {
  anyRedis,
  beginsWith,
  httpUrl,
  port,
  secretSetting,
  setting,
  urlList,
  wholeNumber,
  type Setting,
} from './setting';
import { trustedProxies } from './trusted-proxies';

/** What both processes read. The key is the name that code uses. */
export const commonSettings = {
  mongodbUri: secretSetting(
    'MONGODB_URI',
    beginsWith(['mongodb://', 'mongodb+srv://']).transform(withDatabase),
    'Configuration and analytics store; a replica set, since transactions are used; without the name of a database it is `castellan`',
    '',
  ),
  redisUrl: secretSetting(
    'REDIS_URL',
    beginsWith(['redis://', 'rediss://']),
    'The Redis that the gateways use too',
    '',
  ),
  reconcileMs: setting(
    'RECONCILE_MS',
    wholeNumber(200, 3_600_000).default(10_000),
    'Time between two comparisons of what nodes run with what they should run, in milliseconds (plus jitter)',
    '10000',
  ),
  shutdownDelayMs: setting(
    'SHUTDOWN_DELAY_MS',
    wholeNumber(0, 120_000).default(0),
    'How long readiness says no before the listener closes, so that a load balancer can look away, in milliseconds',
    '0',
  ),
  logLevel: setting(
    'LOG_LEVEL',
    z
      .enum(
        ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
        'must be fatal, error, warn, info, debug, trace or silent',
      )
      .default('info'),
    'fatal, error, warn, info, debug, trace or silent',
    'info',
  ),
};

/** What only the API reads. */
export const apiOnlySettings = {
  apiHost: setting('API_HOST', z.string().default('127.0.0.1'), 'Address the API listens on', '127.0.0.1'),
  apiPort: setting('API_PORT', port.default(3000), 'Port the API listens on', '3000'),
  ...secretSettings,
  nodeNonces: setting(
    'NODE_NONCES',
    z.enum(['lenient', 'strict'], 'must be lenient or strict').default('lenient'),
    'lenient serves every caller with the node secret and counts those that are not recognised; strict refuses them',
    'lenient',
  ),
  nodeStuckMs: setting(
    'NODE_STUCK_MS',
    wholeNumber(200, 3_600_000).default(60_000),
    'How long a node that pings may ask for nothing after it was told to load, until it is reported as stuck, in milliseconds',
    '60000',
  ),
  shutdownLingerMs: setting(
    'SHUTDOWN_LINGER_MS',
    wholeNumber(0, 600_000).default(2_000),
    'How long new callers are still answered 503 after everything else has stopped, since a gateway that was told to load may only now come, in milliseconds',
    '2000',
  ),
  pageSize: setting('PAGE_SIZE', wholeNumber(1, 1000).default(10), 'Rows a page of a list', '10'),
  bodyLimit: setting(
    'BODY_LIMIT',
    wholeNumber(1024, 256 * 1024 * 1024).default(16 * 1024 * 1024),
    'Largest request body, in bytes',
    '16777216',
  ),
  importLimit: setting(
    'IMPORT_LIMIT',
    wholeNumber(1024, 400 * 1024 * 1024).default(256 * 1024 * 1024),
    'Largest body of an import, in bytes; YAML is read up to BODY_LIMIT',
    '268435456',
  ),
  importBatch: setting(
    'IMPORT_BATCH',
    wholeNumber(1, 10_000).default(500),
    'Changes that an import makes in one transaction; one with more is made in batches, which nodes see all at once',
    '500',
  ),
  importBatchMs: setting(
    'IMPORT_BATCH_MS',
    wholeNumber(10, 20_000).default(5_000),
    'How long an import works on one transaction before it goes on in another one, in milliseconds; three times as long after its last sign of life another replica goes on with it',
    '5000',
  ),
  bodiesLimit: setting(
    'BODIES_LIMIT',
    wholeNumber(4096, 4 * 1024 * 1024 * 1024).default(320 * 1024 * 1024),
    'Bytes of all bodies together that are held before they are whole; one caller may hold four fifths of it',
    '335544320',
  ),
  requestTimeoutMs: setting(
    'REQUEST_TIMEOUT_MS',
    wholeNumber(500, 3_600_000).default(120_000),
    'How long a request may take to arrive, its body included, in milliseconds',
    '120000',
  ),
  trustProxy: setting(
    'TRUST_PROXY',
    trustedProxies.default(false),
    'Whose `X-Forwarded-For` is believed: `false`, the number of proxies in front, or their addresses and networks, comma-separated',
    'false',
  ),
  ...peopleSettings,
  revisionsKept: setting(
    'REVISIONS_KEPT',
    wholeNumber(1, 1_000_000).default(500),
    'Revisions kept of each resource; the newest ones stay',
    '500',
  ),
  revisionsDays: setting(
    'REVISIONS_DAYS',
    wholeNumber(0, 36_500).default(0),
    'Days that every revision is kept, however many there are; 0 leaves it to REVISIONS_KEPT alone',
    '0',
  ),
  auditDays: setting(
    'AUDIT_DAYS',
    wholeNumber(0, 36_500).default(0),
    'Days an audit record is kept; 0 keeps it for ever',
    '0',
  ),
  auditSettleMs: setting(
    'AUDIT_SETTLE_MS',
    wholeNumber(0, 3_600_000).default(120_000),
    'How old an audit record is before it is numbered and sealed, so that no older one can follow, in milliseconds',
    '120000',
  ),
  gatewayUrl: setting(
    'GATEWAY_URL',
    httpUrl.default('http://127.0.0.1:8080'),
    'Where callers reach the gateways; shown as the address of APIs that have no domain of their own',
    'http://127.0.0.1:8080',
  ),
  allowDuplicateSlugs: setting(
    'ALLOW_DUPLICATE_SLUGS',
    z.enum(['on', 'off'], 'must be on or off').default('off'),
    'Whether APIs may share a slug in organisations whose own settings do not say; tyk-sync needs it where slugs repeat',
    'off',
  ),
  deleteInUse: setting(
    'DELETE_IN_USE',
    z.enum(['refuse', 'allow'], 'must be refuse or allow').default('refuse'),
    'What a deletion without `force` does to a hook that APIs refer to or a policy that keys apply: refuse (409), or allow, as a Tyk Dashboard does',
    'refuse',
  ),
  definitionsLimit: setting(
    'DEFINITIONS_LIMIT',
    wholeNumber(1, 1_000_000).default(50_000),
    'API definitions an organisation may hold',
    '50000',
  ),
  ...analyticsSettings,
  keysRedisUrl: secretSetting(
    'KEYS_REDIS_URL',
    anyRedis.default(''),
    'The Redis that gateways keep keys in, where it is another one or another database: `redis://`, `redis+sentinel://host,host/master` or `redis+cluster://host,host`, with `rediss` for TLS',
    'REDIS_URL',
  ),
  keysSentinelUsername: setting(
    'KEYS_SENTINEL_USERNAME',
    z.string().default(''),
    'User at the sentinels of KEYS_REDIS_URL',
    'none',
  ),
  keysSentinelPassword: secretSetting(
    'KEYS_SENTINEL_PASSWORD',
    z.string().default(''),
    'Password at the sentinels of KEYS_REDIS_URL',
    'none',
  ),
  hashKeys: setting(
    'HASH_KEYS',
    z
      .enum(['true', 'false'], 'must be true or false')
      .default('true')
      .transform((value) => value === 'true'),
    'Whether gateways hash keys (`hash_keys` in their configuration); `false` puts new keys under the token itself, as such gateways look for them',
    'true',
  ),
  hashKeyFunction: setting(
    'HASH_KEY_FUNCTION',
    z
      .enum(
        ['murmur32', 'murmur64', 'murmur128', 'sha256', 'none'],
        'must be none, murmur32, murmur64, murmur128 or sha256',
      )
      .default('sha256'),
    'How new keys are hashed; `none` makes them in the old form, which nodes hash with 32 bits. Two keys can meet there and with murmur32, so the log and `/health/ready` have a warning then',
    'sha256',
  ),
  keySettleMs: setting(
    'KEY_SETTLE_MS',
    wholeNumber(100, 600_000).default(12_000),
    'How long after a change of a key it is looked at again, in milliseconds; longer than nodes cache sessions, which is 10 seconds',
    '12000',
  ),
  keyScanMs: setting(
    'KEY_SCAN_MS',
    wholeNumber(1_000, 86_400_000).default(300_000),
    'Pause between two walks over all keys in Redis, in milliseconds; they find keys that were made elsewhere',
    '300000',
  ),
  keyListLimit: setting(
    'KEY_LIST_LIMIT',
    wholeNumber(1, 1_000_000).default(20_000),
    'Keys that one reply lists at most, when all are asked for (`p=-1`); longer lists come in pages',
    '20000',
  ),
  certificateSecret: secretSetting(
    'CERTIFICATE_SECRET',
    z.string().default(''),
    'Encrypts private keys of certificates as gateways read them: their `security.private_certificate_encoding_secret`, or else their `secret`; without it, private keys are refused',
    'none',
  ),
  certificateSecretBefore: secretSetting(
    'CERTIFICATE_SECRET_BEFORE',
    z.string().default(''),
    'What CERTIFICATE_SECRET was before it was changed: private keys that it opens are encrypted again with the new one, within RECONCILE_MS',
    'none',
  ),
  certificateSettleMs: setting(
    'CERTIFICATE_SETTLE_MS',
    wholeNumber(0, 600_000).default(5_000),
    'How long after the last gateway has fetched a configuration without a deleted certificate it leaves Redis, in milliseconds',
    '5000',
  ),
  oauthRedirectSeparator: setting(
    'OAUTH_REDIRECT_SEPARATOR',
    z.string().max(4).default(''),
    'What separates redirect URIs of an OAuth client, as gateways have it in `oauth_redirect_uri_separator`; without it, a client has one',
    'none',
  ),
};

/** What only the host manager reads. */
export const hostManagerOnlySettings = {
  hostManagerHost: setting(
    'HOST_MANAGER_HOST',
    z.string().default('127.0.0.1'),
    'Address of the host manager’s health and metrics',
    '127.0.0.1',
  ),
  hostManagerPort: setting(
    'HOST_MANAGER_PORT',
    port.default(3010),
    'Port of the host manager’s health and metrics',
    '3010',
  ),
  hostManagerNodes: setting(
    'HOST_MANAGER_NODES',
    urlList.default([]),
    'Control URLs of the gateways to reload, comma-separated, such as `http://10.0.0.7:8080`',
    'none',
  ),
  apiUrl: setting(
    'API_URL',
    httpUrl.default('http://127.0.0.1:3000'),
    'Where the gateways reach the API; it is asked whether it is ready before any gateway is reloaded',
    'http://127.0.0.1:3000',
  ),
  hostManagerPatienceMs: setting(
    'HOST_MANAGER_PATIENCE_MS',
    wholeNumber(0, 60_000).default(2_500),
    'How long gateways get to load by themselves before those that have not are reloaded, in milliseconds',
    '2500',
  ),
  hostManagerDebounceMs: setting(
    'HOST_MANAGER_DEBOUNCE_MS',
    wholeNumber(0, 60_000).default(100),
    'Quiet time after a change before nodes are reloaded, in milliseconds',
    '100',
  ),
  reloadTimeoutMs: setting(
    'RELOAD_TIMEOUT_MS',
    wholeNumber(100, 600_000).default(15_000),
    'How long one node may take for a reload, in milliseconds',
    '15000',
  ),
  gatewaySecret: secretSetting(
    'GATEWAY_SECRET',
    z.string().default(''),
    'The gateways’ `secret`, for their control API; needed once HOST_MANAGER_NODES is set',
    'none',
  ),
};

/** What only `npm start` reads; listed here so that the table is whole. */
export const launcherSettings = {
  dataDir: setting(
    'DATA_DIR',
    z.string().default('.data'),
    'Where `npm start` keeps databases, secrets and logs',
    '.data',
  ),
  cacheDir: setting(
    'CACHE_DIR',
    z.string().default(''),
    'Where embedded servers are installed, once for all installations of this user',
    '~/.cache/castellan',
  ),
  mongodbPort: setting('MONGODB_PORT', port.default(0), 'Port of the embedded MongoDB server; 0 takes a free one', '0'),
  redisPort: setting('REDIS_PORT', port.default(0), 'Port of the embedded Redis; 0 takes a free one', '0'),
};

export const apiSettings = { ...commonSettings, ...apiOnlySettings };
export const hostManagerSettings = { ...commonSettings, ...hostManagerOnlySettings };

type Values<S extends Record<string, Setting<z.ZodType>>> = { readonly [K in keyof S]: z.output<S[K]['type']> };

/** The configuration of the API: one typed, frozen object. */
export type ApiConfig = Values<typeof apiSettings>;
/** The configuration of the host manager: one typed, frozen object. */
export type HostManagerConfig = Values<typeof hostManagerSettings>;
/** What both have in common. */
export type CommonConfig = Values<typeof commonSettings>;
