/**
 * npm test                                   everything
 * npm run test:unit|test:e2e|test:stack      one part; `-- path/to/file` or other words for jest follow
 *
 * Installs, builds and starts what is needed, on throw-away data. The last line is `N passed, N failed`.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { ensureBuilt } from './lib/build.mjs';
import { checkNodeVersion, ensureDependencies } from './lib/dependencies.mjs';
import { runJest } from './lib/jest.mjs';
import { whenParentEnds } from './lib/parent.mjs';
import { dataDirectory, root } from './lib/paths.mjs';
import { describeFailure, Problem } from './lib/problem.mjs';
import { createProgress, silent } from './lib/progress.mjs';
import { endAllRuns, run } from './lib/run.mjs';
import { formatCounts, formatReports, runStages, sum } from './lib/stages.mjs';
import { prepareServices } from './lib/services.mjs';
import { startTestServices } from './lib/test-services.mjs';

const jestWorkers = 2;
const progress = createProgress();
const venv = resolve(process.env.CASTELLAN_TEST_VENV ?? join(dataDirectory(process.env), 'venv'));
const scratch = mkdtempSync(join(tmpdir(), 'castellan-test-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true, maxRetries: 3 }));

/** @type {Promise<unknown> | undefined} */
let serversReady;
/** @type {(() => Promise<void>) | undefined} */
let stopServices;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, abandon);
whenParentEnds(abandon);

/** @type {Record<string, (jest: { args: string[], show?: boolean }) => Promise<import('./lib/jest.mjs').Result>>} */
const jestProjects = { unit: runUnit, e2e: runEndToEnd, stack: runStack };

try {
  const counts = await main(process.argv.slice(2));
  console.log(formatCounts(counts));
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
  await ensureDependencies(process.env, progress);
  if (part === undefined) return runAll();
  const runPart = jestProjects[part];
  if (runPart === undefined)
    throw new Problem(`There are no "${part}" tests; for one file use: npm run test:unit -- ${part}`);
  // What a user types after `--` may contain another one.
  return runPart({ args: args.filter((word) => word !== '--'), show: true });
}

async function runAll() {
  // The download goes on beside the checks; the stages that need the servers report its failure.
  ensureServers().catch(() => undefined);
  /** @type {import('./lib/stages.mjs').Stage[]} */
  const stages = [
    { name: 'build', weight: 2, run: () => build(['api', 'host-manager', 'simulator']) },
    { name: 'lint', weight: 1, run: () => check(script('lint')) },
    { name: 'types', weight: 1, run: () => check(script('typecheck')) },
    { name: 'types of tools', weight: 1, run: () => check('tsc -p tools/tsconfig.json') },
    { name: 'format', weight: 1, run: () => check('prettier --check .') },
    { name: 'boundaries', weight: 1, run: () => check(script('boundaries')) },
    { name: 'dead code', weight: 1, run: () => check(script('deadcode')) },
    { name: 'openapi drift', weight: 1, needs: ['build'], run: () => check('node tools/openapi.mjs --check') },
    { name: 'openapi lint', weight: 1, run: () => check('redocly lint openapi.json') },
    { name: 'readme drift', weight: 1, needs: ['build'], run: () => check('node tools/readme.mjs --check') },
    { name: 'unit', weight: 1, run: () => runUnit({ args: ['--maxWorkers=1'] }) },
    { name: 'e2e', weight: 2, run: () => runEndToEnd({ args: [] }) },
    { name: 'stack', weight: 2, needs: ['build'], run: () => runStack({ args: [] }) },
  ];
  const reports = await runStages(stages, progress.say);
  progress.say(`\n${formatReports(reports)}\n`);
  return sum(reports);
}

/** @param {{ args: string[], show?: boolean }} jest */
function runUnit(jest) {
  return runJest('unit', { ...jest, env: testEnvironment(), resultFile: join(scratch, 'unit.json') });
}

/** @param {{ args: string[], show?: boolean }} jest */
async function runEndToEnd({ args, show }) {
  const env = testEnvironment();
  const given = env.CASTELLAN_TEST_MONGODB_URI && env.CASTELLAN_TEST_REDIS_URLS;
  if (!given) await ensureServers(show);
  const services = given ? undefined : await startTestServices({ venv, redisCount: jestWorkers, env });
  stopServices = services?.stop;
  try {
    return await runJest('e2e', {
      args: [
        ...(args.some((word) => /^(-i|-w|--runInBand|--maxWorkers)/.test(word)) ? [] : [`--maxWorkers=${jestWorkers}`]),
        ...args,
      ],
      show,
      env: { ...env, ...services?.env },
      resultFile: join(scratch, 'e2e.json'),
    });
  } finally {
    await services?.stop();
  }
}

/** @param {{ args: string[], show?: boolean }} jest */
async function runStack({ args, show }) {
  await ensureServers(show);
  await ensureBuilt(['api', 'host-manager'], show ? progress : silent);
  const resultFile = join(scratch, 'stack.json');
  return runJest('stack', { args: ['--runInBand', ...args], show, env: testEnvironment(), resultFile });
}

/**
 * Installs the servers once, however many stages wait for them.
 * @param {boolean} [show]
 */
function ensureServers(show) {
  serversReady ??= prepareServices({ dataDir: scratch, venv, progress: show ? progress : silent });
  return serversReady;
}

/** @param {string[]} projects */
async function build(projects) {
  await ensureBuilt(projects, silent);
  return { passed: 1, failed: 0, skipped: 0, output: '' };
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
  };
  const { code, output } = await run('sh', ['-c', command], { env, timeout: 10 * 60_000 });
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

/**
 * The environment without settings of an installation: tests neither depend on them nor touch its data.
 * @returns {NodeJS.ProcessEnv}
 */
function testEnvironment() {
  const entries = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('CASTELLAN_') || name.startsWith('CASTELLAN_TEST_'),
  );
  return { ...Object.fromEntries(entries), CASTELLAN_TEST_VENV: venv };
}
