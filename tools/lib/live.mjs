import { whenParentEnds } from './parent.mjs';
import { describeFailure } from './problem.mjs';
import { endAllRuns } from './run.mjs';
import { summary } from './summary.mjs';

/**
 * One cause sends several signals: closing a terminal ends npm and us, and Ctrl-C reaches the whole group. What comes so
 * soon after the first, in milliseconds, is the same request.
 */
const sameRequest = 2_000;

/**
 * Runs an installation until something ends it, and stops it in order. Another Ctrl-C, seconds later, stops it at once.
 * @param {import('./launcher.mjs').Launcher} launcher
 * @param {(text: string) => void} say
 * @returns {Promise<number>} the exit code
 */
export async function live(launcher, say) {
  // Who reads the output may go away before we do.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  const interrupted = interruption(launcher);
  let code = 1;
  try {
    code = await untilTheEnd(launcher, say, interrupted);
  } catch (error) {
    console.error(`\n${describeFailure(error)}\n`);
  }
  try {
    await launcher.stop();
  } catch (error) {
    console.error(`\n${describeFailure(error)}\n`);
    code = 1;
  }
  return code;
}

/**
 * @param {import('./launcher.mjs').Launcher} launcher
 * @param {(text: string) => void} say
 * @param {Promise<undefined>} interrupted
 * @returns {Promise<number>}
 */
async function untilTheEnd(launcher, say, interrupted) {
  const starting = launcher.start();
  starting.catch(() => undefined);
  const running = await Promise.race([starting, interrupted]);
  if (running === undefined) return 130;
  say(summary(running));
  const problem = await Promise.race([launcher.watch(), interrupted]);
  if (problem === undefined) return 0;
  throw problem;
}

/**
 * @param {import('./launcher.mjs').Launcher} launcher
 * @returns {Promise<undefined>} resolves when somebody asks for the end
 */
function interruption(launcher) {
  return new Promise((resolve) => {
    /** @type {number | undefined} */
    let asked;
    /** @param {{ mayHurry: boolean }} how whether a person may have sent it to hurry us */
    const ask = ({ mayHurry }) => {
      if (asked === undefined) {
        asked = performance.now();
        endAllRuns();
        resolve(undefined);
      } else if (mayHurry && performance.now() - asked > sameRequest) {
        launcher.abandon();
        process.exit(130);
      }
    };
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => ask({ mayHurry: true }));
    process.on('SIGHUP', () => ask({ mayHurry: false }));
    whenParentEnds(() => ask({ mayHurry: false }));
  });
}
