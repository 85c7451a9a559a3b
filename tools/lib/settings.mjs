import { createRequire } from 'node:module';
import { join } from 'node:path';
import { root } from './paths.mjs';
import { anyFreePort, freePortNear, listenError } from './ports.mjs';
import { Problem } from './problem.mjs';

/**
 * @typedef {object} Address
 * @property {string} host where it listens
 * @property {number} port
 * @property {string} url how it is reached from this machine
 */

/**
 * Where the apps will listen. A wrong number counts as unset here; `checkSettings` reports it with all other mistakes.
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<{ api: Address, hostManager: Address }>}
 */
export async function appAddresses(env) {
  const [forApi, forHostManager] = [portOf(env, 'CASTELLAN_API', 3000), portOf(env, 'CASTELLAN_HOST_MANAGER', 3010)];
  if (forApi === forHostManager && forApi !== 0) {
    throw new Problem(
      `CASTELLAN_API_PORT and CASTELLAN_HOST_MANAGER_PORT are both ${forApi}; give one of them another value.`,
    );
  }
  const api = await address(env, 'CASTELLAN_API', forApi);
  return { api, hostManager: await address(env, 'CASTELLAN_HOST_MANAGER', forHostManager) };
}

/**
 * The port the user wants for an embedded server.
 * @param {NodeJS.ProcessEnv} env
 * @param {'CASTELLAN_MONGODB_PORT' | 'CASTELLAN_REDIS_PORT'} variable
 * @param {number} otherwise where to look for a free one first
 */
export function wantedPort(env, variable, otherwise) {
  const port = asPort(env[variable]) ?? 0;
  return port === 0 ? { port: otherwise, portIsFixed: false } : { port, portIsFixed: true };
}

/**
 * Names everything that is wrong with the settings at once, by the rules the apps themselves follow (`libs/config`,
 * which must have been built).
 * @param {NodeJS.ProcessEnv} env what the apps will get
 */
export function checkSettings(env) {
  const config = builtConfig();
  const wrong = new Set(
    ['CASTELLAN_MONGODB_PORT', 'CASTELLAN_REDIS_PORT']
      .filter((name) => env[name] && asPort(env[name]) === undefined)
      .map((name) => `${name} must be a port number, 0 to 65535`),
  );
  for (const load of [config.loadApiConfig, config.loadHostManagerConfig]) {
    try {
      load(env);
    } catch (error) {
      if (!(error instanceof config.ConfigError)) throw error;
      for (const problem of /** @type {{ problems: string[] }} */ (error).problems) wrong.add(problem);
    }
  }
  if (wrong.size === 0) return;
  throw new Problem('The settings in the environment are wrong; correct them and start again.', {
    details: [...wrong].join('\n'),
  });
}

/**
 * What deserves a word though it stops nothing: variables that nobody reads, a database without a name.
 * @param {NodeJS.ProcessEnv} env
 * @returns {string[]}
 */
export function notesOnSettings(env) {
  return builtConfig().configurationNotes(env);
}

/**
 * Those of the variables that the apps of this version read.
 * @param {NodeJS.ProcessEnv} env
 * @returns {NodeJS.ProcessEnv}
 */
export function onlyKnown(env) {
  /** @type {string[]} */
  const names = builtConfig().settingNames;
  return Object.fromEntries(Object.entries(env).filter(([name]) => names.includes(name)));
}

/** What a start needs of `libs/config`, and not its module for Nest, which takes half as long to load as all of this. */
function builtConfig() {
  const load = createRequire(join(root, 'dist', 'libs', 'config', 'src', 'index.js'));
  return { ...load('./load.js'), ...load('./notes.js') };
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @param {string} prefix
 * @param {number} usual
 */
const portOf = (env, prefix, usual) => asPort(env[`${prefix}_PORT`]) ?? usual;

/**
 * @param {NodeJS.ProcessEnv} env
 * @param {string} prefix
 * @param {number} wanted 0 for any that is free
 * @returns {Promise<Address>}
 */
async function address(env, prefix, wanted) {
  const host = env[`${prefix}_HOST`] || '127.0.0.1';
  const port = wanted === 0 ? await anyFreePort() : wanted;
  await refuseTaken(prefix, host, port);
  return { host, port, url: `http://${reachable(host)}:${port}` };
}

/**
 * @param {string} prefix
 * @param {string} host
 * @param {number} port
 */
async function refuseTaken(prefix, host, port) {
  const code = await listenError(port, host);
  if (code === undefined) return;
  if (code === 'EADDRINUSE') {
    const free = await freePortNear(port + 1);
    throw new Problem(
      `Port ${port} is in use by another program; end that, or take another port: ${prefix}_PORT=${free} npm start.`,
    );
  }
  if (code === 'EACCES') {
    throw new Problem(`Port ${port} needs more rights than this user has; set ${prefix}_PORT to one above 1023.`);
  }
  throw new Problem(`Nobody can listen on ${host} (${code}); set ${prefix}_HOST to an address of this machine.`);
}

/** @param {string} host */
function reachable(host) {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

/** @param {string | undefined} text */
function asPort(text) {
  return text && /^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined;
}
