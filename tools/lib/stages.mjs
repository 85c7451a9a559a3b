import { performance } from 'node:perf_hooks';
import { describeFailure } from './problem.mjs';
import { seconds } from './progress.mjs';

/** @typedef {import('./jest.mjs').Result} Result */

/**
 * @typedef {object} Stage
 * @property {string} name
 * @property {1 | 2} weight how many of the two places it takes
 * @property {string[]} [needs] stages that must have passed
 * @property {string[]} [after] stages that must have ended, however they did
 * @property {() => Promise<Result>} run
 */

/** @typedef {Result & { name: string, time: number }} StageReport */

const places = 2;

/**
 * Runs the stages, two at a time where their weights allow it, each as soon as what it needs is done.
 * @param {Stage[]} stages in the order of preference
 * @param {(text: string) => void} say
 * @returns {Promise<StageReport[]>} in the order of `stages`
 */
export async function runStages(stages, say) {
  /** @type {Map<string, StageReport>} */
  const reports = new Map();
  /** @type {Map<string, { weight: number, done: Promise<void> }>} */
  const running = new Map();
  const waiting = [...stages];

  while (waiting.length > 0 || running.size > 0) {
    const taken = [...running.values()].reduce((sum, { weight }) => sum + weight, 0);
    const next = waiting.findIndex(
      ({ weight, needs = [], after = [] }) =>
        weight <= places - taken && [...needs, ...after].every((name) => reports.has(name)),
    );
    const stage = waiting[next];
    if (stage === undefined) {
      await Promise.race([...running.values()].map(({ done }) => done));
      continue;
    }
    waiting.splice(next, 1);
    const failedNeed = stage.needs?.find((name) => (reports.get(name)?.failed ?? 0) > 0);
    const done = runStage(stage, failedNeed).then((report) => {
      reports.set(stage.name, report);
      running.delete(stage.name);
      say(`${report.failed > 0 ? '✗' : '✓'} ${stage.name} (${seconds(report.time)})`);
    });
    running.set(stage.name, { weight: stage.weight, done });
  }
  return stages.flatMap(({ name }) => reports.get(name) ?? []);
}

/**
 * @param {Stage} stage
 * @param {string | undefined} failedNeed
 * @returns {Promise<StageReport>}
 */
async function runStage({ name, run }, failedNeed) {
  const began = performance.now();
  const failed = { name, passed: 0, failed: 1, skipped: 0, time: 0 };
  if (failedNeed !== undefined) return { ...failed, output: `Not run, because "${failedNeed}" failed.` };
  try {
    return { name, ...(await run()), time: performance.now() - began };
  } catch (error) {
    return { ...failed, output: describeFailure(error), time: performance.now() - began };
  }
}

/**
 * The output of failed stages in full, then a line for each stage.
 * @param {StageReport[]} reports
 */
export function formatReports(reports) {
  const failures = reports
    .filter(({ failed }) => failed > 0)
    .map(({ name, output }) => `──── ${name} ────\n${output.trim()}\n`);
  const width = Math.max(...reports.map(({ name }) => name.length));
  const lines = reports.map((report) => {
    const mark = report.failed > 0 ? '✗' : '✓';
    return `${mark} ${report.name.padEnd(width)}  ${seconds(report.time).padStart(8)}  ${formatCounts(report)}`;
  });
  return [...failures, ...lines].join('\n');
}

/**
 * The test files that took longest: where the next minute is to be saved.
 * @param {StageReport[]} reports
 */
export function formatSlowest(reports) {
  const files = reports.flatMap(({ slowest = [] }) => slowest);
  const lines = files.map(
    ({ file, seconds: took, tests }) => `${seconds(took * 1_000).padStart(9)}  ${file} (${tests} tests)`,
  );
  return lines.length === 0 ? '' : ['The slowest test files:', ...lines].join('\n');
}

/**
 * @param {{ passed: number, failed: number, skipped: number }[]} results
 */
export function sum(results) {
  return results.reduce(
    (total, { passed, failed, skipped }) => ({
      passed: total.passed + passed,
      failed: total.failed + failed,
      skipped: total.skipped + skipped,
    }),
    { passed: 0, failed: 0, skipped: 0 },
  );
}

/** @param {{ passed: number, failed: number, skipped: number }} counts */
export function formatCounts({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
