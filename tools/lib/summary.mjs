import { hostsOf, withoutPassword } from './external.mjs';

/**
 * @typedef {object} Running
 * @property {string} apiUrl
 * @property {string} hostManagerUrl
 * @property {{ label: string, url: string }} mongodb
 * @property {{ label: string, url: string }} redis
 * @property {string} dataDir
 * @property {import('./secrets.mjs').Secrets} secrets
 * @property {string} [setupToken] while nobody has set up the installation
 */

/**
 * What a user needs to know once everything runs.
 * @param {Running} running
 */
export function summary({ apiUrl, hostManagerUrl, mongodb, redis, dataDir, secrets, setupToken }) {
  return `
Castellan is running.

  API            ${apiUrl}
  Swagger UI     ${apiUrl}/docs
  Health         ${apiUrl}/health/ready   ${hostManagerUrl}/health/ready
  MongoDB        ${mongodb.label}: ${withoutPassword(mongodb.url)}
  Redis          ${redis.label}: ${withoutPassword(redis.url)}
  Data           ${dataDir}   (secrets.json, logs/)
  Admin secret   ${secrets.adminSecret}
  Node secret    ${secrets.nodeSecret}

To point a gateway here, put these lines into its tyk.conf:

${gatewayLines(apiUrl, redis.url, secrets)}

To make a first organisation and its administrator:

npm run cli -- bootstrap --org Acme --email ada@acme.example
${setupToken === undefined ? '' : `\nor with this token, good until it is used, by POST ${apiUrl}/api/setup:\n\n${setupToken}\n`}
Ctrl-C stops everything; the data stay.
`;
}

/**
 * The part of a gateway's configuration that makes it take its APIs and policies from here
 * (docs/tyk/nodes.md#configuration), one setting a line, to be pasted between the braces of tyk.conf.
 * @param {string} apiUrl
 * @param {string} redisUrl
 * @param {import('./secrets.mjs').Secrets} secrets
 */
function gatewayLines(apiUrl, redisUrl, secrets) {
  const settings = {
    secret: secrets.gatewaySecret,
    node_secret: secrets.nodeSecret,
    use_db_app_configs: true,
    db_app_conf_options: { connection_string: apiUrl, connection_timeout: 30, node_is_segmented: false, tags: [] },
    disable_dashboard_zeroconf: true,
    policies: { policy_source: 'service', policy_connection_string: apiUrl, allow_explicit_policy_id: true },
    storage: storageSettings(redisUrl),
    hash_keys: true,
    enable_hashed_keys_listing: true,
    allow_insecure_configs: false,
  };
  return Object.entries(settings)
    .map(([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)}`)
    .join(',\n');
}

/** @param {string} redisUrl */
function storageSettings(redisUrl) {
  const [first = { host: '127.0.0.1', port: 6379 }] = hostsOf(redisUrl);
  const { username, password, pathname, protocol } = new URL(redisUrl);
  const database = Number(pathname.slice(1) || 0);
  return {
    type: 'redis',
    host: first.host,
    port: first.port,
    ...(username && { username: decodeURIComponent(username) }),
    ...(password && { password: decodeURIComponent(password) }),
    ...(database > 0 && { database }),
    ...(protocol === 'rediss:' && { use_ssl: true }),
  };
}
