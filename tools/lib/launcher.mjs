import { isAlive, startApp, waitUntilReady } from './apps.mjs';
import { ensureBuilt } from './build.mjs';
import { openDataDirectory } from './data-directory.mjs';
import { checkNodeVersion, ensureDependencies } from './dependencies.mjs';
import { checkExternal } from './external.mjs';
import { ensureSecrets, secretsEnvironment, setupTokenOf, withSecretFiles } from './secrets.mjs';
import { prepareServices, startServices } from './services.mjs';
import { mongodbUrl } from './mongodb.mjs';
import { choosePort } from './ports.mjs';
import { PortTaken } from './problem.mjs';
import { redisUrl } from './redis.mjs';
import { appAddresses, checkSettings, notesOnSettings, onlyKnown, wantedPort } from './settings.mjs';
import { parts, State } from './state.mjs';
import { venvFolder } from './venv.mjs';
import { until } from './wait.mjs';

/** Where free ports for the embedded servers are looked for first: near the usual ones, not on them. */
const firstPorts = { mongodb: 27_117, redis: 6_479 };

/** An embedded server that ends by itself is started again, but not more often than this within so many milliseconds. */
const restarts = { most: 5, within: 10 * 60_000 };

/** How often ports are chosen before another program that takes them is a reason to give up. */
const portAttempts = 5;

/** How long the api may take to listen, in milliseconds. */
const listensWithin = 60_000;

/** How long the api may take to finish what it has begun, in milliseconds. */
const drainWithin = 20_000;

/** @typedef {import('./managed-process.mjs').ManagedProcess} ManagedProcess */
/** @typedef {import('./state.mjs').Part} Part */

/** One installation: everything `npm start` starts, and stops again. */
export class Launcher {
  #dataDir;
  #env;
  #progress;
  #inspect;
  #started = () => {};
  /** @type {import('./lock.mjs').Lock | undefined} */
  #lock;
  /** @type {State | undefined} */
  #state;
  /** @type {Map<Part, ManagedProcess>} */
  #processes = new Map();
  /** The embedded ones, which can be started again. @type {Map<Part, import('./server.mjs').Server>} */
  #servers = new Map();
  /** When servers were started again. @type {number[]} */
  #restarted = [];
  #apiUrl = '';
  #stopping = false;

  /**
   * @param {object} options
   * @param {string} options.dataDir
   * @param {NodeJS.ProcessEnv} options.env
   * @param {import('./progress.mjs').Progress} options.progress
   * @param {Record<import('./apps.mjs').AppName, number>} [options.inspect] for who works on the sources: the apps start
   *   again when their files change, and a debugger is listened for on these ports
   */
  constructor({ dataDir, env, progress, inspect }) {
    this.#dataDir = dataDir;
    this.#env = env;
    this.#progress = progress;
    this.#inspect = inspect;
  }

  /**
   * Starts the api and then the servers it waits for: gateways load their configuration by themselves as soon as Redis is
   * back, and must find somebody who answers. So the servers' ports are chosen before; should another program take one in
   * between, everything starts once more on others.
   * @param {State} state
   * @param {NodeJS.ProcessEnv} common what both apps get
   * @param {import('./settings.mjs').Address} address of the api
   */
  async #startApiAndServers(state, common, { url, port }) {
    for (let attempt = 1; ; attempt += 1) {
      const wanted = await this.#choosePorts(state);
      const env = {
        ...common,
        CASTELLAN_MONGODB_URI: this.#env.CASTELLAN_MONGODB_URI || wanted.mongodb.url,
        CASTELLAN_REDIS_URL: this.#env.CASTELLAN_REDIS_URL || wanted.redis.url,
      };
      await prepareServices(this.#serviceOptions(wanted));
      const first = startApp('api', { dataDir: this.#dataDir, env, inspect: this.#inspect?.api });
      this.#remember('api', first, { url, port });
      // It has to answer, if only with 503, before Redis is back.
      await until(async () => first.ended !== undefined || (await isAlive(url)), { timeout: listensWithin });
      try {
        return { first, env, ...(await this.#startServices(state, wanted)) };
      } catch (error) {
        if (!(error instanceof PortTaken) || attempt === portAttempts) throw error;
        this.#progress.say(`${error.message.split(',')[0]} has just been taken by another program; once more.`);
        await first.stop('SIGKILL');
      }
    }
  }

  /** @param {() => void} callback called once everything is ready */
  whenStarted(callback) {
    this.#started = callback;
  }

  /**
   * Installs, builds and starts what is needed and returns when everything is ready.
   * @returns {Promise<import('./summary.mjs').Running>}
   */
  async start() {
    checkNodeVersion();
    this.#env = withSecretFiles(this.#env);
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

    for (const note of notesOnSettings(settings)) this.#progress.say(`Note: ${note}`);

    await this.#checkExternals();
    this.#apiUrl = api.url;
    const common = {
      ...settings,
      CASTELLAN_API_PORT: String(api.port),
      CASTELLAN_HOST_MANAGER_PORT: String(hostManager.port),
      ...onlyKnown({
        CASTELLAN_API_URL: api.url,
        // It goes last, and answers 503 until then; the second signal ends that.
        CASTELLAN_SHUTDOWN_LINGER_MS: this.#inspect === undefined ? String(4 * drainWithin) : '0',
      }),
      ...this.#given(['CASTELLAN_API_URL', 'CASTELLAN_SHUTDOWN_LINGER_MS']),
    };
    const { first, env, mongodb, redis } = await this.#startApiAndServers(this.#state, common, api);
    await this.#progress.step('Starting api and host-manager', async () => {
      const second = startApp('host-manager', {
        dataDir: this.#dataDir,
        env,
        inspect: this.#inspect?.['host-manager'],
      });
      this.#remember('host-manager', second, { url: hostManager.url, port: hostManager.port });
      await Promise.all([waitUntilReady(first, api.url), waitUntilReady(second, hostManager.url)]);
    });
    this.#started();
    const setupToken = (await isSetupNeeded(api.url)) ? setupTokenOf(secrets) : undefined;
    return {
      apiUrl: api.url,
      hostManagerUrl: hostManager.url,
      mongodb,
      redis,
      dataDir: this.#dataDir,
      secrets,
      ...(setupToken !== undefined && { setupToken }),
    };
  }

  /**
   * Resolves with the problem when a part ends without having been asked to and cannot be started again.
   * @returns {Promise<import('./problem.mjs').Problem>}
   */
  watch() {
    return new Promise((resolve) => {
      /** @param {Part} part */
      const look = async (part) => {
        const process = this.#processes.get(part);
        await process?.exited;
        if (process === undefined || process.askedToEnd || this.#stopping) return;
        const problem = await this.#startAgain(part, process);
        if (problem === undefined) await look(part);
        else resolve(problem);
      };
      for (const part of this.#processes.keys()) void look(part);
    });
  }

  /** Stops everything in order: nobody may ask for what has gone, and gateways are answered until the end. */
  async stop() {
    this.#stopping = true;
    await this.#stopPart('host-manager');
    const api = this.#processes.get('api');
    const answers = api !== undefined && api.ended === undefined;
    if (answers) {
      await this.#progress.step('Finishing what the api has begun', async () => {
        api.kill('SIGTERM');
        await until(async () => api.ended !== undefined || !(await isAlive(this.#apiUrl)), { timeout: drainWithin });
      });
    }
    await this.#stopPart('redis');
    await this.#stopPart('mongodb');
    if (answers) await this.#progress.step(`Stopping ${api.name}`, () => api.stop());
    this.#leave();
  }

  /** Stops everything at once. */
  abandon() {
    this.#stopping = true;
    for (const part of parts) this.#processes.get(part)?.kill('SIGKILL');
    this.#leave();
  }

  /** @param {Part} part */
  async #stopPart(part) {
    const process = this.#processes.get(part);
    if (process === undefined || process.ended !== undefined) return;
    await this.#progress.step(`Stopping ${process.name}`, () => process.stop());
  }

  #leave() {
    if (this.#lock === undefined) return;
    try {
      this.#state?.forgetProcesses();
    } finally {
      this.#lock.release();
    }
  }

  /**
   * Starts an embedded server again that has ended by itself; the apps wait for it.
   * @param {Part} part
   * @param {ManagedProcess} process
   * @returns {Promise<import('./problem.mjs').Problem | undefined>} why everything has to end
   */
  async #startAgain(part, process) {
    const log = `what it said last is below, all of it in ${process.logFile}`;
    const server = this.#servers.get(part);
    const now = performance.now();
    this.#restarted = this.#restarted.filter((time) => now - time < restarts.within);
    if (server === undefined) return process.unexpectedEnd(`${log}; everything else stops too`);
    if (this.#restarted.length >= restarts.most) {
      return process.unexpectedEnd(`${log}; it was started again ${restarts.most} times, so that everything stops now`);
    }
    this.#restarted.push(now);
    const count = `${this.#restarted.length} of at most ${restarts.most} times in ${restarts.within / 60_000} minutes`;
    this.#progress.say(`${process.name} ${process.ended}; starting it again (${count}, log: ${process.logFile})`);
    try {
      await server.start();
      this.#progress.say(`${process.name} runs again`);
      return undefined;
    } catch {
      return process.unexpectedEnd(`${log}; it could not be started again, so that everything stops`);
    }
  }

  /**
   * Where the embedded servers will listen. It is chosen before they start, because the api starts before them.
   * @param {State} state
   */
  async #choosePorts(state) {
    const mongodb = await choosePort({
      ...wantedPort(this.#env, 'CASTELLAN_MONGODB_PORT', state.get('mongodb')?.port ?? firstPorts.mongodb),
      ...{ name: 'MongoDB', portVariable: 'CASTELLAN_MONGODB_PORT' },
    });
    const redis = await choosePort({
      ...wantedPort(this.#env, 'CASTELLAN_REDIS_PORT', state.get('redis')?.port ?? firstPorts.redis),
      ...{ name: 'Redis', portVariable: 'CASTELLAN_REDIS_PORT', not: mongodb },
    });
    return {
      mongodb: { port: mongodb, url: withDatabase(mongodbUrl(mongodb)) },
      redis: { port: redis, url: redisUrl(redis) },
    };
  }

  /**
   * @param {{ mongodb: { port: number }, redis: { port: number } }} wanted
   * @returns {import('./services.mjs').ServiceOptions}
   */
  #serviceOptions(wanted) {
    return {
      dataDir: this.#dataDir,
      venv: venvFolder(this.#env),
      env: this.#env,
      progress: this.#progress,
      mongodb: this.#env.CASTELLAN_MONGODB_URI ? false : { port: wanted.mongodb.port, portIsFixed: true },
      redis: this.#env.CASTELLAN_REDIS_URL ? false : { port: wanted.redis.port, portIsFixed: true },
      onSpawn: (server) => {
        const part = server.name === 'MongoDB' ? 'mongodb' : 'redis';
        const { url, kind, port, process } = server;
        this.#servers.set(part, server);
        if (process !== undefined) this.#remember(part, process, { url, kind, port });
      },
    };
  }

  async #checkExternals() {
    for (const name of /** @type {const} */ (['CASTELLAN_MONGODB_URI', 'CASTELLAN_REDIS_URL'])) {
      const url = this.#env[name];
      if (url) await checkExternal(name, url);
    }
  }

  /** @param {string[]} names */
  #given(names) {
    return Object.fromEntries(Object.entries(this.#env).filter(([name, value]) => names.includes(name) && value));
  }

  /**
   * @param {State} state
   * @param {{ mongodb: { port: number }, redis: { port: number } }} wanted
   */
  async #startServices(state, wanted) {
    const { CASTELLAN_MONGODB_URI: mongodbUri, CASTELLAN_REDIS_URL: redisUri } = this.#env;
    const services = await startServices(this.#serviceOptions(wanted));
    if (mongodbUri) state.set('mongodb', { url: mongodbUri, kind: 'external' });
    if (redisUri) state.set('redis', { url: redisUri, kind: 'external' });
    const [redis] = services.redis;
    return {
      mongodb: services.mongodb
        ? { label: services.mongodb.label, url: withDatabase(services.mongodb.url) }
        : { label: 'yours (CASTELLAN_MONGODB_URI)', url: mongodbUri ?? '' },
      redis: redis
        ? { label: redis.label, url: redis.url }
        : { label: 'yours (CASTELLAN_REDIS_URL)', url: redisUri ?? '' },
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

/**
 * Whether nobody has set up the installation yet; a database that is away for this moment leaves it unsaid.
 * @param {string} apiUrl
 */
async function isSetupNeeded(apiUrl) {
  try {
    const reply = await fetch(`${apiUrl}/api/setup`);
    /** @type {unknown} */
    const state = await reply.json();
    return reply.ok && typeof state === 'object' && state !== null && 'needed' in state && state.needed === true;
  } catch {
    return false;
  }
}
