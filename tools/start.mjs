/**
 * npm start: installs, builds and starts Castellan with the database and the Redis it finds or brings, and says where
 * everything is. Ctrl-C stops it in order; a second Ctrl-C at once.
 */
import { Launcher } from './lib/launcher.mjs';
import { whenParentEnds } from './lib/parent.mjs';
import { dataDirectory } from './lib/paths.mjs';
import { describeFailure } from './lib/problem.mjs';
import { createProgress } from './lib/progress.mjs';
import { endAllRuns } from './lib/run.mjs';
import { summary } from './lib/summary.mjs';

const progress = createProgress();
const launcher = new Launcher({ dataDir: dataDirectory(process.env), env: process.env, progress });
// Who reads the output may go away before we do.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

const interrupted = new Promise((resolve) => {
  let asked = 0;
  const ask = () => {
    asked += 1;
    if (asked > 1) process.exit(130);
    endAllRuns();
    resolve(undefined);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, ask);
  whenParentEnds(ask);
});

/** Runs until something ends it. @returns {Promise<number>} the exit code */
async function live() {
  const starting = launcher.start();
  starting.catch(() => undefined);
  const running = await Promise.race([starting, interrupted.then(() => undefined)]);
  if (running === undefined) return 130;
  progress.say(summary(running));
  const problem = await Promise.race([launcher.watch(), interrupted.then(() => undefined)]);
  if (problem === undefined) return 0;
  throw problem;
}

let code = 1;
try {
  code = await live();
} catch (error) {
  console.error(`\n${describeFailure(error)}\n`);
}
try {
  await launcher.stop();
} catch (error) {
  console.error(`\n${describeFailure(error)}\n`);
  code = 1;
}
process.exit(code);
