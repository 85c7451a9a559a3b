import { startApp, waitUntilReady } from './apps.mjs';
import { ensureBuilt } from './build.mjs';
import { openDataDirectory } from './data-directory.mjs';
import { checkNodeVersion, ensureDependencies } from './dependencies.mjs';
import { checkExternal } from './external.mjs';
import { ensureSecrets, secretsEnvironment } from './secrets.mjs';
import { startServices } from './services.mjs';
import { appAddresses, checkSettings, wantedPort } from './settings.mjs';
import { parts, State } from './state.mjs';
import { venvFolder } from './venv.mjs';

/** Where free ports for the embedded servers are looked for first: near the usual ones, not on them. */
const firstPorts = { mongodb: 27_117, redis: 6_479 };

/** @typedef {import('./managed-process.mjs').ManagedProcess} ManagedProcess */
/** @typedef {import('./state.mjs').Part} Part */

/** One installation: everything `npm start` starts, and stops again. */
export class Launcher {
  #dataDir;
  #env;
  #progress;
  /** @type {import('./lock.mjs').Lock | undefined} */
  #lock;
  /** @type {State | undefined} */
  #state;
  /** @type {Map<Part, ManagedProcess>} */
  #processes = new Map();
  #stopping = false;

  /**
   * @param {{ dataDir: string, env: NodeJS.ProcessEnv, progress: import('./progress.mjs').Progress }} options
   */
  constructor({ dataDir, env, progress }) {
    this.#dataDir = dataDir;
    this.#env = env;
    this.#progress = progress;
  }

  /**
   * Installs, builds and starts what is needed and returns when everything is ready.
   * @returns {Promise<import('./summary.mjs').Running>}
   */
  async start() {
    checkNodeVersion();
    this.#lock = openDataDirectory(this.#dataDir);
    this.#state = new State(this.#dataDir);
    await this.#state.endLeftovers(this.#progress.say);
    const { api, hostManager } = await appAddresses(this.#env);
    const secrets = ensureSecrets(this.#dataDir, this.#env);

    await ensureDependencies(this.#env, this.#progress);
    await ensureBuilt(this.#progress);
    const settings = {
      ...this.#env,
      ...secretsEnvironment(secrets),
      CASTELLAN_DATA_DIR: this.#dataDir,
    };
    checkSettings({ CASTELLAN_MONGODB_URI: 'mongodb://later', CASTELLAN_REDIS_URL: 'redis://later', ...settings });

    const { mongodb, redis } = await this.#startServices(this.#state);
    const env = {
      ...settings,
      CASTELLAN_API_PORT: String(api.port),
      CASTELLAN_HOST_MANAGER_PORT: String(hostManager.port),
      CASTELLAN_MONGODB_URI: mongodb.url,
      CASTELLAN_REDIS_URL: redis.url,
    };
    await this.#progress.step('Starting api and host-manager', async () => {
      const first = startApp('api', { dataDir: this.#dataDir, env });
      this.#remember('api', first, { url: api.url, port: api.port });
      const second = startApp('host-manager', { dataDir: this.#dataDir, env });
      this.#remember('host-manager', second, { url: hostManager.url, port: hostManager.port });
      await Promise.all([waitUntilReady(first, api.url), waitUntilReady(second, hostManager.url)]);
    });
    return { apiUrl: api.url, hostManagerUrl: hostManager.url, mongodb, redis, dataDir: this.#dataDir, secrets };
  }

  /**
   * Resolves with the problem when a part ends without having been asked to.
   * @returns {Promise<import('./problem.mjs').Problem>}
   */
  watch() {
    return new Promise((resolve) => {
      for (const part of this.#processes.values()) {
        void part.exited.then(() => {
          if (part.askedToEnd) return;
          resolve(
            part.unexpectedEnd(`what it said last is below, all of it in ${part.logFile}; everything else stops too`),
          );
        });
      }
    });
  }

  /** Stops everything in order: the apps before the servers they use. */
  async stop() {
    this.#stopping = true;
    for (const part of parts) {
      const process = this.#processes.get(part);
      if (process === undefined || process.ended !== undefined) continue;
      await this.#progress.step(`Stopping ${process.name}`, () => process.stop());
    }
    if (this.#lock === undefined) return;
    try {
      this.#state?.forgetProcesses();
    } finally {
      this.#lock.release();
    }
  }

  /** @param {State} state */
  async #startServices(state) {
    const { CASTELLAN_MONGODB_URI: mongodbUri, CASTELLAN_REDIS_URL: redisUrl } = this.#env;
    if (mongodbUri) await checkExternal('CASTELLAN_MONGODB_URI', mongodbUri);
    if (redisUrl) await checkExternal('CASTELLAN_REDIS_URL', redisUrl);
    const ports = {
      mongodb: wantedPort(this.#env, 'CASTELLAN_MONGODB_PORT', state.get('mongodb')?.port ?? firstPorts.mongodb),
      redis: wantedPort(this.#env, 'CASTELLAN_REDIS_PORT', state.get('redis')?.port ?? firstPorts.redis),
    };
    /** @type {import('./services.mjs').ServiceOptions} */
    const options = {
      dataDir: this.#dataDir,
      venv: venvFolder(this.#env),
      env: this.#env,
      progress: this.#progress,
      mongodb: mongodbUri ? false : ports.mongodb,
      redis: redisUrl ? false : ports.redis,
      onSpawn: (server) => {
        const part = server.name === 'MongoDB' ? 'mongodb' : 'redis';
        const { url, kind, port, process } = server;
        if (process !== undefined) this.#remember(part, process, { url, kind, port });
      },
    };
    const services = await startServices(options);
    if (mongodbUri) state.set('mongodb', { url: mongodbUri, kind: 'external' });
    if (redisUrl) state.set('redis', { url: redisUrl, kind: 'external' });
    const [redis] = services.redis;
    return {
      mongodb: services.mongodb
        ? { label: services.mongodb.label, url: withDatabase(services.mongodb.url) }
        : { label: 'yours (CASTELLAN_MONGODB_URI)', url: mongodbUri ?? '' },
      redis: redis
        ? { label: redis.label, url: redis.url }
        : { label: 'yours (CASTELLAN_REDIS_URL)', url: redisUrl ?? '' },
    };
  }

  /**
   * @param {Part} part
   * @param {ManagedProcess} process
   * @param {import('./state.mjs').PartState} where
   */
  #remember(part, process, where) {
    this.#processes.set(part, process);
    // Somebody pressed Ctrl-C while it was being started.
    if (this.#stopping) process.kill('SIGKILL');
    else this.#state?.set(part, { ...where, ...process.identity });
  }
}

/** @param {string} url */
function withDatabase(url) {
  return url.replace('/?', '/castellan?');
}
