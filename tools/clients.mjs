/**
 * npm run test:clients                    TypeScript, Python and Go
 * npm run test:clients -- TypeScript      one of them
 *
 * Generates a client from openapi.json for each language, compiles it as strictly as the language can, and drives the built
 * API with it. A language whose tools are not here and cannot be installed is skipped, which is said and not counted as
 * passed. The last line is `N passed, N failed`.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startApp, waitUntilReady } from './lib/apps.mjs';
import { ensureBuilt } from './lib/build.mjs';
import { languages, succeed, ToolsMissing } from './lib/client-languages.mjs';
import { ensureDependencies } from './lib/dependencies.mjs';
import { whenParentEnds } from './lib/parent.mjs';
import { anyFreePort } from './lib/ports.mjs';
import { describeFailure, Problem } from './lib/problem.mjs';
import { createProgress, silent } from './lib/progress.mjs';
import { endAllRuns } from './lib/run.mjs';
import { prepareServices } from './lib/services.mjs';
import { formatCounts } from './lib/stages.mjs';
import { startTestServices, withoutSettings } from './lib/test-services.mjs';
import { venvFolder } from './lib/venv.mjs';

/** What each program says at its end: its version was old, and what is not there is missing. */
const expected = 'version_mismatch 404 not_found';
const progress = createProgress();
const own = withoutSettings(process.env);
const folder = mkdtempSync(join(tmpdir(), 'castellan-clients-'));
/** @type {(() => Promise<void>)[]} */
const atEnd = [];
process.on('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, abandon);
whenParentEnds(abandon);

/** @type {{ passed: number, failed: number, skipped: number }} */
const counts = { passed: 0, failed: 0, skipped: 0 };
try {
  const chosenOnes = chosen(process.argv.slice(2).filter((word) => word !== '--'));
  await ensureDependencies(process.env, progress);
  await ensureBuilt(progress);
  const secret = randomBytes(16).toString('hex');
  const api = startApi(secret);
  for (const [name, make] of chosenOnes) counts[await outcomeOf(name, make, api, secret)] += 1;
} catch (error) {
  console.error(describeFailure(error));
  counts.failed += 1;
}
await stopAll();
console.log(formatCounts(counts));
process.exit(counts.failed > 0 || counts.passed === 0 ? 1 : 0);

/** @param {string[]} words */
function chosen(words) {
  const all = Object.entries(languages);
  const unknown = words.find((word) => !(word in languages));
  if (unknown !== undefined) {
    throw new Problem(`There is no program in "${unknown}"; there are ${Object.keys(languages).join(', ')}.`);
  }
  return words.length === 0 ? all : all.filter(([name]) => words.includes(name));
}

/**
 * @param {string} name
 * @param {(folder: string, env: NodeJS.ProcessEnv) => Promise<import('./lib/client-languages.mjs').ClientProgram>} make
 * @param {Promise<string>} api its address
 * @param {string} secret
 * @returns {Promise<'passed' | 'failed' | 'skipped'>}
 */
async function outcomeOf(name, make, api, secret) {
  const place = join(folder, name);
  mkdirSync(place);
  try {
    const { file, args, env } = await make(place, own);
    const said = await succeed(file, [...args, await api, secret], { cwd: place, env });
    if (!said.includes(expected)) throw new Problem(`The program in ${name} said something else.`, { details: said });
    progress.say(`✓ ${name}: generated, compiled and run`);
    return 'passed';
  } catch (error) {
    if (error instanceof ToolsMissing) {
      progress.say(`– ${name}: SKIPPED, ${error.message}`);
      return 'skipped';
    }
    progress.say(`✗ ${name}\n${describeFailure(error)}`);
    return 'failed';
  }
}

/**
 * An API on throw-away databases.
 * @param {string} secret
 * @returns {Promise<string>} its address, once it is ready
 */
async function startApi(secret) {
  const { mongodb, redis } = await databases();
  const url = `http://127.0.0.1:${await anyFreePort()}`;
  const app = startApp('api', {
    dataDir: folder,
    env: {
      ...own,
      CASTELLAN_MONGODB_URI: mongodb,
      CASTELLAN_REDIS_URL: redis,
      CASTELLAN_ADMIN_SECRET: secret,
      CASTELLAN_NODE_SECRET: secret.toUpperCase(),
      CASTELLAN_API_PORT: new URL(url).port,
    },
  });
  atEnd.unshift(() => app.stop());
  await waitUntilReady(app, url);
  return url;
}

/** Those that are given for tests, or throw-away ones. */
async function databases() {
  const venv = venvFolder(process.env);
  const isGiven = own.CASTELLAN_TEST_MONGODB_URI && own.CASTELLAN_TEST_REDIS_URLS;
  if (!isGiven) await prepareServices({ dataDir: folder, venv, progress: silent });
  const started = isGiven ? undefined : await startTestServices({ venv, count: 1, env: own });
  if (started !== undefined) atEnd.push(started.stop);
  const { CASTELLAN_TEST_MONGODB_URI: uri = '', CASTELLAN_TEST_REDIS_URLS: urls = '' } = started?.env ?? own;
  const mongodb = new URL(uri);
  mongodb.pathname = `/castellan_clients_${randomBytes(6).toString('hex')}`;
  return { mongodb: mongodb.href, redis: urls.split(',')[0] ?? '' };
}

function abandon() {
  endAllRuns();
  void stopAll().finally(() => process.exit(130));
}

async function stopAll() {
  for (const stop of atEnd.splice(0)) await stop();
}
