/**
 * npm test                                   everything
 * npm run test:unit|test:e2e|test:stack      one part; `-- path/to/file` or other words for jest follow
 *
 * Installs, builds and starts what is needed, on throw-away data. The last line is `N passed, N failed`.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { ensureBuilt } from './lib/build.mjs';
import { checkNodeVersion, ensureDependencies } from './lib/dependencies.mjs';
import { runJest, watches } from './lib/jest.mjs';
import { whenParentEnds } from './lib/parent.mjs';
import { patience } from './lib/patience.mjs';
import { root } from './lib/paths.mjs';
import { describeFailure, Problem } from './lib/problem.mjs';
import { createProgress, silent } from './lib/progress.mjs';
import { endAllRuns, run } from './lib/run.mjs';
import { formatCounts, formatReports, formatSlowest, runStages, sum } from './lib/stages.mjs';
import { prepareServices } from './lib/services.mjs';
import { standingServices, startTestServices, withoutSettings } from './lib/test-services.mjs';
import { venvFolder } from './lib/venv.mjs';

/** One more than processors, as tests of processes mostly wait. */
const jestWorkers = Math.min(4, Math.max(2, availableParallelism()) + 1);
const progress = createProgress();
const venv = venvFolder(process.env);
const scratch = mkdtempSync(join(tmpdir(), 'castellan-test-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true, maxRetries: 3 }));

/** @type {Promise<unknown> | undefined} */
let serversReady;
/** @type {(() => Promise<void>) | undefined} */
let stopServices;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, abandon);
whenParentEnds(abandon);

try {
  const counts = await main(process.argv.slice(2));
  if (!watches(process.argv)) console.log(formatCounts(counts));
  process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0;
} catch (error) {
  console.error(describeFailure(error));
  console.log(formatCounts({ passed: 0, failed: 1, skipped: 0 }));
  process.exitCode = 1;
}

function abandon() {
  endAllRuns();
  void (stopServices?.() ?? Promise.resolve()).finally(() => process.exit(130));
}

/** @param {string[]} words */
async function main([part, ...args]) {
  checkNodeVersion();
  // The servers are fetched beside packages and checks; the stage that needs them reports their failure.
  if (part === undefined) ensureServers().catch(() => undefined);
  await ensureDependencies(process.env, progress);
  if (part === undefined) return runAll();
  if (part !== 'unit' && part !== 'e2e' && part !== 'stack') {
    throw new Problem(`There are no "${part}" tests; for one file use: npm run test:unit -- ${part}`);
  }
  if (part === 'stack') await ensureBuilt(progress);
  // What a user types after `--` may contain another one.
  return runTests([part], { args: args.filter((word) => word !== '--'), show: true });
}

async function runAll() {
  let built = false;
  const build = async () => {
    await ensureBuilt(silent);
    built = true;
    return outcome(0, '');
  };
  /** @type {import('./lib/stages.mjs').Stage[]} */
  const stages = [
    { name: 'build', weight: 1, run: build },
    // The checks go on beside the tests, which wait now and then for what they have started. Without a build there is nothing to
    // start as a process; the other tests still say what they find.
    {
      name: 'tests',
      weight: 1,
      after: ['build'],
      run: () => runTests(built ? ['unit', 'e2e', 'stack'] : ['unit', 'e2e'], { args: [] }),
    },
    { name: 'types and lint', weight: 1, run: () => check(script('lint')) },
    { name: 'format', weight: 1, run: () => check('oxfmt --check') },
    { name: 'types of tools', weight: 1, run: () => check('tsc -p tools/tsconfig.json') },
    { name: 'boundaries', weight: 1, run: () => check(script('boundaries')) },
    { name: 'dead code', weight: 1, run: () => check(script('deadcode')) },
    {
      name: 'openapi drift',
      weight: 1,
      needs: ['build'],
      run: () => check('node tools/openapi.mjs --check'),
    },
    { name: 'openapi lint', weight: 1, run: () => check('redocly lint openapi.json') },
    {
      name: 'generated client',
      weight: 1,
      needs: ['build'],
      run: () => check('node tools/clients.mjs TypeScript'),
    },
    { name: 'readme drift', weight: 1, needs: ['build'], run: () => check('node tools/readme.mjs --check') },
  ];
  const reports = await runStages(stages, progress.say);
  progress.say(`\n${formatReports(reports)}\n`);
  progress.say(`${formatSlowest(reports)}\n`);
  return sum(reports);
}

/**
 * @param {import('./lib/jest.mjs').Project[]} projects
 * @param {{ args: string[], show?: boolean }} jest
 */
async function runTests(projects, { args, show }) {
  const services = projects.includes('e2e') ? await testServices(show) : undefined;
  stopServices = services?.stop;
  const chosen = args.some((word) => /^(-i|-w|--runInBand|--maxWorkers)/.test(word));
  try {
    return await runJest(projects, {
      args: [...(chosen ? [] : [`--maxWorkers=${jestWorkers}`]), ...args],
      show,
      env: { ...testEnvironment(), ...services?.env },
      resultFile: join(scratch, 'jest.json'),
    });
  } finally {
    await services?.stop();
  }
}

/**
 * The databases for the tests: given ones, those of `npm run services`, or new ones.
 * @param {boolean} [show] for one part of the tests; a whole run takes no databases that have been used
 */
async function testServices(show) {
  const env = testEnvironment();
  await ensureServers(show);
  if (env.CASTELLAN_TEST_MONGODB_URI && env.CASTELLAN_TEST_REDIS_URLS) return undefined;
  const standing = show ? standingServices(process.env) : undefined;
  return standing ?? startTestServices({ venv, count: jestWorkers, env });
}

/**
 * Installs the servers once, however many stages wait for them.
 * @param {boolean} [show]
 */
function ensureServers(show) {
  serversReady ??= prepareServices({ dataDir: scratch, venv, progress: show ? progress : silent });
  return serversReady;
}

/**
 * One command that passes or fails.
 * @param {string} command
 */
async function check(command) {
  const env = {
    ...process.env,
    PATH: `${join(root, 'node_modules', '.bin')}${delimiter}${process.env.PATH}`,
    REDOCLY_TELEMETRY: 'off',
    REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true',
    // The type checker of lint ends before its heap is that large: it need not look for what could be thrown away.
    GOGC: 'off',
    GOMEMLIMIT: '4GiB',
  };
  const { code, output } = await run('sh', ['-c', command], { env, timeout: patience.checkMs });
  return outcome(code, output);
}

/**
 * @param {number} code
 * @param {string} output
 */
function outcome(code, output) {
  return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0, output };
}

/**
 * The command of a script of package.json.
 * @param {string} name
 * @returns {string}
 */
function script(name) {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).scripts[name];
}

/** @returns {NodeJS.ProcessEnv} */
function testEnvironment() {
  return { ...withoutSettings(process.env), CASTELLAN_TEST_VENV: venv };
}
