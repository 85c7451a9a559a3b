/**
 * npm run services: databases for tests that stay until Ctrl-C, so that a single test file need not start its own.
 * `npm run test:e2e -- <file>` finds them by itself. What tests leave in them goes when they stop.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { writePrivateJson } from './lib/data-directory.mjs';
import { checkNodeVersion, ensureDependencies } from './lib/dependencies.mjs';
import { whenParentEnds } from './lib/parent.mjs';
import { describeFailure, Problem } from './lib/problem.mjs';
import { identify } from './lib/process-identity.mjs';
import { createProgress } from './lib/progress.mjs';
import { startServices } from './lib/services.mjs';
import { standingServices, standingServicesFile } from './lib/test-services.mjs';
import { venvFolder } from './lib/venv.mjs';

/** As many as Jest has workers, at most: a Redis channel knows no databases, so that each worker has a Redis. */
const redisCount = 4;

const { env } = process;
const file = standingServicesFile(env);
const progress = createProgress();
const dataDir = mkdtempSync(join(tmpdir(), 'castellan-'));
process.on('exit', () => rmSync(dataDir, { recursive: true, force: true, maxRetries: 3 }));

try {
  checkNodeVersion();
  await ensureDependencies(env, progress);
  if (standingServices(env) !== undefined) throw new Problem('They run already; stop those first, or use them.');
  const services = await startServices({ dataDir, venv: venvFolder(env), env, redisCount, durable: false, progress });
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const redis = services.redis.map(({ url }) => url).join(',');
  writePrivateJson(file, { mongodb: services.mongodb?.url, redis, ...identify(process.pid) });
  progress.say('Databases for tests are running; test:e2e uses them. Ctrl-C stops them and removes their data.');
  await new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, resolve);
    whenParentEnds(() => resolve(undefined));
  });
  rmSync(file, { force: true });
  await services.stopAll('SIGKILL');
  process.exit(0);
} catch (error) {
  console.error(describeFailure(error));
  process.exit(1);
}
