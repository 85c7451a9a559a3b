/**
 * npm run cli -- bootstrap --org "Acme" --email ada@acme.example    sets up the Castellan that runs on this data directory
 *
 * Address and secret come from the environment or the data directory; `-- --help` lists everything it takes.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ensureBuilt, entries } from './lib/build.mjs';
import { checkNodeVersion, ensureDependencies } from './lib/dependencies.mjs';
import { dataDirectory, root } from './lib/paths.mjs';
import { describeFailure } from './lib/problem.mjs';
import { createProgress } from './lib/progress.mjs';
import { knownSecrets, withSecretFiles } from './lib/secrets.mjs';
import { State } from './lib/state.mjs';

try {
  checkNodeVersion();
  const progress = createProgress(process.stderr);
  await ensureDependencies(process.env, progress);
  await ensureBuilt(progress);
  const dataDir = dataDirectory(process.env);
  const known = {
    CASTELLAN_API_URL: new State(dataDir).get('api')?.url,
    CASTELLAN_ADMIN_SECRET: knownSecrets(dataDir, process.env).adminSecret,
  };
  const child = spawn(process.execPath, ['--enable-source-maps', join(root, entries.cli), ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...known, ...withSecretFiles(process.env) },
  });
  // The terminal sends Ctrl-C to both.
  process.on('SIGINT', () => undefined);
  child.once('exit', (code) => process.exit(code ?? 1));
} catch (error) {
  console.error(describeFailure(error));
  process.exitCode = 1;
}
