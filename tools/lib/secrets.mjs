import { createHmac, randomBytes } from 'node:crypto';
import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readJson, writePrivateJson } from './data-directory.mjs';
import { errorCode, Problem } from './problem.mjs';

/** The secrets of an installation, and the variable that overrides each. */
const variables = /** @type {const} */ ({
  adminSecret: 'CASTELLAN_ADMIN_SECRET',
  nodeSecret: 'CASTELLAN_NODE_SECRET',
  gatewaySecret: 'CASTELLAN_GATEWAY_SECRET',
  secretKey: 'CASTELLAN_SECRET_KEY',
});

/** @typedef {keyof typeof variables} SecretName */
/** @typedef {Record<SecretName, string>} Secrets */

const names = /** @type {SecretName[]} */ (Object.keys(variables));

/**
 * This installation's secrets, made once and kept in `secrets.json`, which only this user may read. A variable of the
 * environment wins and is not written down.
 * @param {string} folder the data directory
 * @param {NodeJS.ProcessEnv} env
 * @returns {Secrets}
 */
export function ensureSecrets(folder, env) {
  const file = join(folder, 'secrets.json');
  const stored = storedSecrets(file);
  const all = /** @type {Secrets} */ (
    Object.fromEntries(names.map((name) => [name, stored[name] ?? randomBytes(24).toString('hex')]))
  );
  if (names.some((name) => stored[name] === undefined)) writePrivateJson(file, all);
  chmodSync(file, 0o600);
  return override(all, env);
}

/**
 * The secrets as far as they are known, without making any.
 * @param {string} folder the data directory
 * @param {NodeJS.ProcessEnv} env
 * @returns {Partial<Secrets>}
 */
export function knownSecrets(folder, env) {
  const file = join(folder, 'secrets.json');
  return override(existsSync(file) ? storedSecrets(file) : {}, withSecretFiles(env));
}

/**
 * The environment with the content of files in the place of the variables with `_FILE` that name them, as far as it matters here:
 * the apps read the rest themselves.
 * @param {NodeJS.ProcessEnv} env
 * @returns {NodeJS.ProcessEnv}
 */
export function withSecretFiles(env) {
  const read = { ...env };
  for (const name of [...Object.values(variables), 'CASTELLAN_MONGODB_URI', 'CASTELLAN_REDIS_URL']) {
    const file = env[`${name}_FILE`];
    if (!file) continue;
    if (env[name]) throw new Problem(`${name} and ${name}_FILE are both set; unset one of them.`);
    try {
      read[name] = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
    } catch (error) {
      throw new Problem(`${name}_FILE names a file that cannot be read (${errorCode(error) ?? 'unknown'}).`);
    }
    delete read[`${name}_FILE`];
  }
  return read;
}

/**
 * The secrets as variables for the apps.
 * @param {Secrets} secrets
 * @returns {NodeJS.ProcessEnv}
 */
export function secretsEnvironment(secrets) {
  return Object.fromEntries(names.map((name) => [variables[name], secrets[name]]));
}

/**
 * What the API asks for at the first run; it knows the same one by the same rule.
 * @param {Pick<Secrets, 'adminSecret'>} secrets
 */
export function setupTokenOf({ adminSecret }) {
  return createHmac('sha256', adminSecret).update('castellan setup token').digest('hex').slice(0, 32);
}

/**
 * @param {string} file
 * @returns {Partial<Secrets>}
 */
function storedSecrets(file) {
  const content = readJson(file);
  const usable = names.filter((name) => typeof content[name] === 'string' && content[name] !== '');
  return Object.fromEntries(usable.map((name) => [name, content[name]]));
}

/**
 * @template {Partial<Secrets>} T
 * @param {T} secrets
 * @param {NodeJS.ProcessEnv} env
 * @returns {T}
 */
function override(secrets, env) {
  const given = names.filter((name) => env[variables[name]]);
  return { ...secrets, ...Object.fromEntries(given.map((name) => [name, env[variables[name]]])) };
}
