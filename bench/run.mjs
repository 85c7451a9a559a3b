/**
 * npm run bench
 *
 * Builds, starts a Castellan on throw-away data and measures it; writes bench/report.md. Everything stays on this machine
 * and stops by itself. Figures of different machines, and of different runs, are not comparable; ratios inside a run are.
 */
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { ensureBuilt } from '../tools/lib/build.mjs';
import { ensureDependencies } from '../tools/lib/dependencies.mjs';
import { root } from '../tools/lib/paths.mjs';
import { createProgress } from '../tools/lib/progress.mjs';

const progress = createProgress();
await ensureDependencies(process.env, progress);
await ensureBuilt(progress);
const { startSystem } = await import('./lib/system.mjs');
const { purge, questions } = await import('./analytics.mjs');
const { herd, pings, writeToEvent, writeToNode } = await import('./delivery.mjs');
const { keys } = await import('./keys.mjs');
const { fillLog, logPages } = await import('./log.mjs');
const { authorisation, manyUsers, refusals } = await import('./people.mjs');
const { lists, longLists, seed, unchangedImport, writes } = await import('./management.mjs');

/** @type {{ what: string, figure: string, target: string, met?: boolean }[]} */
const rows = [];

/** Written after each step, so that a run that is cut short leaves what it has measured. */
const writeReport = async () => {
  const table = rows.map(({ what, figure, target, met }) => {
    const verdict = met === undefined ? '' : met ? 'met' : 'missed';
    return `| ${what} | ${figure} | ${target} | ${verdict} |`;
  });
  const report = [
    '# Figures of one run',
    '',
    `\`npm run bench\`, Node.js ${process.version}, ${cpus().length} cores, embedded MongoDB-wire server and Valkey on the same machine, one API replica.`,
    '',
    '| What | Figure | Target | |',
    '| --- | --- | --- | --- |',
    ...table,
    '',
  ].join('\n');
  const prettier = await import('prettier');
  writeFileSync(join(root, 'bench/report.md'), await prettier.format(report, { parser: 'markdown' }));
};

/** @param {string} name @param {() => Promise<{ what: string, figure: string, target: string, met?: boolean }[]>} measure */
const step = async (name, measure) => {
  progress.say(`measuring: ${name}`);
  for (const result of await measure()) {
    rows.push(result);
    progress.say(
      `  ${result.what}: ${result.figure}${result.met === undefined ? '' : result.met ? ' (met)' : ' (MISSED)'}`,
    );
  }
  await writeReport();
};

// Refusals are measured from many addresses, without the delays that each of them would earn.
const manyAddresses = { CASTELLAN_TRUST_PROXY: '1', CASTELLAN_CREDENTIAL_ATTEMPTS: '1000000' };
const system = await startSystem(manyAddresses);
try {
  await step('writes', () => writes(system));
  await step('events', () => writeToEvent(system));
  await step('nodes', () => writeToNode(system));
  await step('lists', () => lists(system));
  await step('pings', () => pings(system));
  const thousand = { ...system, ...(await system.organisation()) };
  await seed(thousand, 1_000, 'thousand');
  await step('many nodes at once', () => herd(thousand));
  await step('unchanged import', () => unchangedImport(thousand));
  const many = { ...system, ...(await system.organisation()) };
  for (let part = 0; part < 10; part += 1) await seed(many, 1_000, `many-${part}`);
  await step('long lists', () => longLists(many));
  await step('analytics', () => purge(system));
  const logged = { ...system, ...(await system.organisation()) };
  await step('log of requests', async () => logPages(logged, await fillLog(logged, 50_000, 60_000)));
  const busy = { ...system, ...(await system.organisation()) };
  await step('questions about traffic', () => questions(busy));
  await step('who calls', () => authorisation(system));
  await step('refusals', () => refusals(system, 'at their pace'));
  await step('refusals without a pace', async () => {
    const bare = await startSystem({ ...manyAddresses, CASTELLAN_LOGIN_PACE_MS: '0' });
    try {
      return await refusals(bare, 'without a pace');
    } finally {
      await bare.stop();
    }
  });
  await step('many users', async () => manyUsers({ ...system, ...(await system.organisation()) }));
} finally {
  await system.stop();
}

// One of its own that walks over all keys every few seconds, which would disturb what else is measured.
const walking = await startSystem({ CASTELLAN_KEY_SCAN_MS: '5000' });
try {
  await step('keys', () => keys(walking));
} finally {
  await walking.stop();
}
