/**
 * npm run build: what is started, into `dist`, when the sources are not those of the last build.
 */
import { ensureBuilt } from './lib/build.mjs';
import { checkNodeVersion, ensureDependencies } from './lib/dependencies.mjs';
import { describeFailure } from './lib/problem.mjs';
import { createProgress } from './lib/progress.mjs';

const progress = createProgress();
try {
  checkNodeVersion();
  await ensureDependencies(process.env, progress);
  await ensureBuilt(progress);
} catch (error) {
  console.error(describeFailure(error));
  process.exitCode = 1;
}
