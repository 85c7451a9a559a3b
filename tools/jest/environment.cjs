const { LegacyFakeTimers, ModernFakeTimers } = require('@jest/fake-timers');
const { ModuleMocker } = require('jest-mock');

/** Whoever leaves a connection open gives the files after it timers and sockets that are not theirs. */
const refuseOpenConnections = () => {
  const mongoose = Object.values(require.cache).find((module) => module?.filename.endsWith('/mongoose/lib/index.js'));
  /** @type {{ connections: { readyState: number, name: string }[] }} */
  const { connections } = mongoose?.exports ?? { connections: [] };
  const open = connections.filter(({ readyState }) => readyState === 1);
  if (open.length > 0)
    throw new Error(`The test file left connections open: ${open.map(({ name }) => name).join(', ')}`);
};

/**
 * Runs a test file among the globals of the worker itself, not in a realm of its own as Jest's environment for Node.js
 * does. Only so can packages be loaded once a worker (`runtime.cjs`): an `Error` or an `Array` of theirs is then one of
 * the test's too. What a test file changes about `process` and `console` is put back behind it.
 */
module.exports = class SharedEnvironment {
  global = globalThis;
  moduleMocker = new ModuleMocker(globalThis);
  #before = { console: globalThis.console, exit: process.exit, env: { ...process.env } };

  /**
   * @param {{ projectConfig: ConstructorParameters<typeof ModernFakeTimers>[0]['config'] }} config
   * @param {{ docblockPragmas: Readonly<Record<string, unknown>> }} file
   */
  constructor({ projectConfig }, { docblockPragmas }) {
    const worker = Number(process.env.JEST_WORKER_ID ?? '1');
    const databases = process.env.CASTELLAN_TEST_MONGODB_URI?.split(' ') ?? [];
    // Each worker has a MongoDB of its own where there are several.
    if (databases.length > 1) process.env.CASTELLAN_TEST_MONGODB_URI = databases[(worker - 1) % databases.length];
    /** Whether the file wants the project's modules for itself. */
    this.ownModules = 'own-modules' in docblockPragmas;
    this.fakeTimers = new LegacyFakeTimers({
      config: projectConfig,
      global: globalThis,
      moduleMocker: this.moduleMocker,
      timerConfig: { idToRef: (id) => id, refToId: (timer) => timer },
    });
    this.fakeTimersModern = new ModernFakeTimers({ config: projectConfig, global: globalThis });
  }

  async setup() {}

  async teardown() {
    this.fakeTimers.dispose();
    this.fakeTimersModern.dispose();
    this.moduleMocker.restoreAllMocks();
    globalThis.console = this.#before.console;
    process.exit = this.#before.exit;
    for (const name of Object.keys(process.env)) if (!(name in this.#before.env)) delete process.env[name];
    Object.assign(process.env, this.#before.env);
    refuseOpenConnections();
  }

  /** Which of a package's exports are taken. */
  exportConditions() {
    return ['node', 'node-addons'];
  }

  /** The runtime compiles without one; Jest wants to see that there is something. */
  getVmContext() {
    return globalThis;
  }
};
