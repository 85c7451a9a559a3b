import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mongodbIsReady } from './probe.mjs';
import { findOnPath } from './paths.mjs';
import { pythonEnvironment, venvProgram } from './venv.mjs';
import { until } from './wait.mjs';

const replicaSet = 'castellan';

/** @typedef {import('./server.mjs').ServerKind} ServerKind */

/**
 * The MongoDB-wire servers that can be embedded, in order of preference.
 * @param {NodeJS.ProcessEnv} env
 * @param {string} venv
 * @param {boolean} durable whether an acknowledged write has to survive the end of the process
 * @param {boolean} throwAway whether its data go when whoever started it has ended
 * @returns {ServerKind[]}
 */
export function mongodbKinds(env, venv, durable, throwAway) {
  const rust = findOnPath('secantusd-rs', env);
  return [
    mongod(findOnPath('mongod', env)),
    secantus({ kind: 'secantusd-rs', label: 'secantusd-rs on PATH', file: rust, env, durable }),
    secantus({
      kind: 'secantusd-py',
      label: 'SecantusDB from PyPI',
      file: venvProgram(venv, 'python'),
      // What makes it faster replaces methods of its own that read and write tables: not where somebody's data is.
      before: [fileURLToPath(new URL('secantusd.py', import.meta.url)), ...(throwAway ? ['--throw-away'] : [])],
      package: 'secantusdb',
      env: pythonEnvironment(env),
      durable,
    }),
  ];
}

/**
 * MongoDB itself, as a replica set of one member: transactions need one.
 * @param {string | undefined} file
 * @returns {ServerKind}
 */
function mongod(file) {
  return {
    kind: 'mongod',
    label: 'mongod on PATH',
    file,
    args: (port, folder) => [
      ...['--port', String(port), '--bind_ip', '127.0.0.1', '--dbpath', folder],
      ...['--replSet', replicaSet, '--nounixsocket'],
    ],
    url: mongodbUrl,
    isReady: (port) => mongodbIsReady(port, 'answers'),
    afterStart: initiateReplicaSet,
  };
}

/**
 * SecantusDB: takes the same options as a Python package and as a Rust program, and says it is a primary by itself.
 * @param {{ kind: string, label: string, file: string | undefined, before?: string[], package?: import('./venv.mjs').PackageName, env: NodeJS.ProcessEnv, durable: boolean }} server
 *   `before`: what comes before the options
 * @returns {ServerKind}
 */
function secantus({ durable, before = [], ...server }) {
  return {
    ...server,
    args: (port, folder) => {
      // Given a file it does not look for one in the working directory, the home directory and /etc.
      const config = join(folder, '..', 'secantusd.toml');
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      writeFileSync(config, '');
      return [
        ...before,
        ...['--config', config, '--host', '127.0.0.1', '--port', String(port), '--storage-path', folder],
        // Without --sync-on-commit a write is answered up to 0.1 s before it leaves the process, and kill -9 loses it.
        ...['--cache-size', '512M', '--log-level', 'WARNING', ...(durable ? ['--sync-on-commit'] : [])],
      ];
    },
    url: mongodbUrl,
    isReady: (port) => mongodbIsReady(port),
  };
}

/** @param {number} port */
export function mongodbUrl(port) {
  return `mongodb://127.0.0.1:${port}/?directConnection=true`;
}

/**
 * Makes a fresh mongod a primary, and gives one that was moved to another port its new address.
 * The driver is loaded here because it exists only once the dependencies are installed.
 * @param {number} port
 */
async function initiateReplicaSet(port) {
  const { default: mongoose } = await import('mongoose');
  const client = new mongoose.mongo.MongoClient(mongodbUrl(port), { serverSelectionTimeoutMS: 10_000 });
  const members = [{ _id: 0, host: `127.0.0.1:${port}` }];
  try {
    const admin = (await client.connect()).db('admin');
    const current = await admin.command({ replSetGetConfig: 1 }).then(
      (reply) => reply.config,
      (error) => (isNotInitialised(error) ? undefined : Promise.reject(error)),
    );
    if (current === undefined) {
      await admin.command({ replSetInitiate: { _id: replicaSet, members } });
    } else if (current.members.length !== 1 || current.members[0].host !== members[0]?.host) {
      await admin.command({ replSetReconfig: { ...current, version: current.version + 1, members }, force: true });
    }
  } finally {
    await client.close();
  }
  const isPrimary = await until(() => mongodbIsReady(port), { timeout: 60_000 });
  if (!isPrimary) throw new Error('it does not become the primary of its replica set');
}

/**
 * `NotYetInitialized` in MongoDB's list of error codes.
 * @param {unknown} error
 */
function isNotInitialised(error) {
  return error instanceof Error && 'code' in error && error.code === 94;
}
