/** A whole Castellan on throw-away data, for one run of the benchmarks. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ensureBuilt } from '../../tools/lib/build.mjs';
import { root } from '../../tools/lib/paths.mjs';
import { anyFreePort } from '../../tools/lib/ports.mjs';
import { silent } from '../../tools/lib/progress.mjs';
import { startServices } from '../../tools/lib/services.mjs';
import { venvFolder } from '../../tools/lib/venv.mjs';

const agent = new Agent({ keepAlive: true, maxSockets: 512 });

/**
 * @param {string} url
 * @param {{ method?: string, headers?: Record<string, string>, body?: unknown }} [options]
 * @returns {Promise<{ status: number, text: string, headers: import('node:http').IncomingHttpHeaders, json(): any }>}
 */
export const call = (url, { method = 'GET', headers = {}, body } = {}) =>
  new Promise((resolve, reject) => {
    const outgoing = request(url, { method, agent, headers }, (response) => {
      /** @type {Buffer[]} */
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode ?? 0, text, headers: response.headers, json: () => JSON.parse(text) });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });

/** @param {() => Promise<boolean>} condition */
export const until = async (condition, forMs = 60_000) => {
  const end = performance.now() + forMs;
  while (performance.now() < end) {
    if (await condition().catch(() => false)) return;
    await delay(5);
  }
  throw new Error('The condition did not come true in time');
};

/**
 * @param {Record<string, string>} [settings]
 * @param {string} [of] the folder of the repository whose built api is started
 */
export const startSystem = async (settings = {}, of = root) => {
  // What is measured is these sources, and not what somebody built of others.
  if (of === root) await ensureBuilt(silent);
  const dataDir = mkdtempSync(join(tmpdir(), 'castellan-bench-'));
  const services = await startServices({ dataDir, venv: venvFolder(process.env), redisCount: 1, mongodb: {} });
  const port = await anyFreePort();
  const secrets = { admin: randomBytes(16).toString('hex'), node: randomBytes(16).toString('hex') };
  const mongodb = new URL(services.mongodb.url);
  mongodb.pathname = '/castellan';
  const redisUrl = services.redis[0].url;
  const api = spawn(process.execPath, [join(of, 'dist/apps/api/src/main.js')], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...process.env,
      CASTELLAN_API_PORT: String(port),
      CASTELLAN_ADMIN_SECRET: secrets.admin,
      CASTELLAN_NODE_SECRET: secrets.node,
      CASTELLAN_MONGODB_URI: mongodb.href,
      CASTELLAN_REDIS_URL: redisUrl,
      CASTELLAN_LOG_LEVEL: 'warn',
      CASTELLAN_RATE_LIMIT: '0',
      ...settings,
    },
  });
  const url = `http://127.0.0.1:${port}`;
  await until(async () => (await call(`${url}/health/ready`)).status === 200);

  const organisation = await createOrganisation(url, secrets.admin);
  return {
    url,
    secrets,
    redisUrl,
    mongodbUri: mongodb.href,
    ...organisation,
    /** The api’s process. */
    pid: api.pid ?? 0,
    /** Whether it still runs. */
    runs: () => api.exitCode === null && api.signalCode === null,
    /** Sends the database’s process a signal, such as the one that freezes it. */
    signalMongodb: (/** @type {NodeJS.Signals} */ signal) => process.kill(services.mongodb.pid, signal),
    /** Another organisation, with the access key of its administrator. */
    organisation: () => createOrganisation(url, secrets.admin),
    stop: async () => {
      api.kill('SIGTERM');
      await new Promise((resolve) =>
        api.exitCode === null && api.signalCode === null ? api.once('exit', resolve) : resolve(undefined),
      );
      await services.stopAll();
      agent.destroy();
      rmSync(dataDir, { recursive: true, force: true, maxRetries: 3 });
    },
  };
};

/**
 * @param {string} url
 * @param {string} adminSecret
 */
const createOrganisation = async (url, adminSecret) => {
  const headers = { 'admin-auth': adminSecret };
  const created = await call(`${url}/admin/organisations`, { method: 'POST', headers, body: { owner_name: 'bench' } });
  const organisationId = created.json().Meta;
  const body = { org_id: organisationId, email_address: `bench-${organisationId}@example.org` };
  const user = await call(`${url}/admin/users`, { method: 'POST', headers, body });
  return { organisationId, headers: { authorization: user.json().Message } };
};

/** A definition of about 3 KB, which is what real ones take. */
export const definition = (/** @type {string} */ name) => ({
  name,
  slug: name,
  active: true,
  use_keyless: true,
  proxy: { listen_path: `/${name}/`, target_url: 'http://127.0.0.1:1/', strip_listen_path: true },
  version_data: {
    not_versioned: true,
    versions: {
      Default: {
        name: 'Default',
        use_extended_paths: true,
        extended_paths: {
          white_list: Array.from({ length: 15 }, (_, index) => ({
            path: `/resource/${index}/{id}`,
            ignore_case: false,
            method_actions: { GET: { action: 'no_action', code: 200, data: '', headers: {} } },
          })),
        },
      },
    },
  },
  config_data: { owner: 'bench', notes: 'x'.repeat(400) },
});
