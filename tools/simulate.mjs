/**
 * npm run simulate -- --nodes 3    plays Tyk gateways against the Castellan that runs on this data directory
 *
 * Address, secrets and Redis come from the environment and the data directory unless they are given; `-- --help` lists
 * everything the simulator takes.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ensureBuilt, entries } from './lib/build.mjs';
import { checkNodeVersion, ensureDependencies } from './lib/dependencies.mjs';
import { whenParentEnds } from './lib/parent.mjs';
import { dataDirectory, root } from './lib/paths.mjs';
import { describeFailure } from './lib/problem.mjs';
import { createProgress } from './lib/progress.mjs';
import { knownSecrets } from './lib/secrets.mjs';
import { State } from './lib/state.mjs';

const words = process.argv.slice(2);

try {
  checkNodeVersion();
  const progress = createProgress(process.stderr);
  await ensureDependencies(process.env, progress);
  await ensureBuilt(progress);
  const child = spawn(
    process.execPath,
    ['--enable-source-maps', join(root, entries.simulator), ...words, ...missingOptions()],
    { stdio: 'inherit' },
  );
  // The simulator gets Ctrl-C from the terminal itself and says goodbye to the control plane.
  process.on('SIGINT', () => undefined);
  for (const signal of /** @type {const} */ (['SIGTERM', 'SIGHUP'])) process.on(signal, () => child.kill(signal));
  whenParentEnds(() => child.kill('SIGTERM'));
  child.once('exit', (code) => process.exit(code ?? 1));
} catch (error) {
  console.error(describeFailure(error));
  process.exitCode = 1;
}

/** What the user did not give, as far as this installation knows it. */
function missingOptions() {
  const dataDir = dataDirectory(process.env);
  const state = new State(dataDir);
  const secrets = knownSecrets(dataDir, process.env);
  const known = {
    '--url': state.get('api')?.url,
    '--redis': process.env.CASTELLAN_REDIS_URL || state.get('redis')?.url,
    '--secret': secrets.nodeSecret,
    '--gateway-secret': secrets.gatewaySecret,
  };
  return Object.entries(known).flatMap(([option, value]) => (isGiven(option) || !value ? [] : [option, value]));
}

/** @param {string} option */
function isGiven(option) {
  return words.some((word) => word === option || word.startsWith(`${option}=`));
}
