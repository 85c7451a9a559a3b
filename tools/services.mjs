/**
 * Throw-away MongoDB and Redis for tests, as one process.
 *
 *   node tools/services.mjs [--data-dir FOLDER] [--redis N] [--mongodb 0] [--venv FOLDER] [--durable 0]
 *
 * Writes one line of JSON when everything answers:
 *   {"mongodb":{"url","port","pid","kind"},"redis":[{"url","port","pid","kind"}],"dataDir"}
 * or {"error"} and exit code 1. Then it obeys one line of JSON at a time on its input and answers each with one line:
 *   {"id":1,"do":"stop","server":"redis","index":0,"signal":"SIGKILL"}   -> {"id":1,"pid":0}
 *   {"id":2,"do":"start","server":"redis","index":0}                     -> {"id":2,"pid":4711}
 *   a command that fails                                                 -> {"id":3,"error":"…"}
 * The end of its input, SIGTERM and SIGINT stop all servers, so that nothing outlives whoever started it.
 * Without --data-dir the data lie in a temporary folder that is removed at the end.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { describeFailure } from './lib/problem.mjs';
import { startServices } from './lib/services.mjs';
import { venvFolder } from './lib/venv.mjs';

const { values: options } = parseArgs({
  options: {
    'data-dir': { type: 'string' },
    venv: { type: 'string' },
    redis: { type: 'string', default: '1' },
    mongodb: { type: 'string', default: '1' },
    durable: { type: 'string', default: '1' },
  },
});
const venv = resolve(options.venv ?? venvFolder(process.env));
const throwAway = options['data-dir'] === undefined;
const dataDir = throwAway ? mkdtempSync(join(tmpdir(), 'castellan-')) : resolve(options['data-dir'] ?? '');

/** @type {import('./lib/services.mjs').Services | undefined} */
let services;
/** @type {Promise<void> | undefined} */
let ending;

const input = createInterface({ input: process.stdin });
const ended = new Promise((resolve) => {
  input.once('close', resolve);
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.once(signal, resolve);
});
void ended.then(() => end(0));
process.on('exit', () => throwAway && rmSync(dataDir, { recursive: true, force: true, maxRetries: 3 }));
// Nobody reads the answers any more: the same as the end of the input.
process.stdout.on('error', () => end(0));

try {
  services = await startServices({
    dataDir,
    venv,
    durable: options.durable !== '0',
    throwAway,
    redisCount: Number(options.redis),
    mongodb: options.mongodb === '0' ? false : {},
  });
  answer({ mongodb: services.mongodb && describe(services.mongodb), redis: services.redis.map(describe), dataDir });
  input.on('line', (line) => void obey(line));
} catch (error) {
  answer({ error: describeFailure(error) });
  await end(1);
}

/** @param {string} line */
async function obey(line) {
  /** @type {{ id?: unknown, do?: unknown, server?: unknown, index?: number, signal?: NodeJS.Signals }} */
  let command = {};
  try {
    command = JSON.parse(line);
    const server = command.server === 'mongodb' ? services?.mongodb : services?.redis[command.index ?? 0];
    if (server === undefined) throw new Error(`there is no server ${command.server} ${command.index ?? ''}`);
    if (command.do === 'start') await server.start();
    else if (command.do === 'stop') await server.stop(command.signal ?? 'SIGTERM');
    else throw new Error(`"do" must be start or stop, not ${command.do}`);
    answer({ id: command.id, pid: server.pid });
  } catch (error) {
    answer({ id: command.id, error: describeFailure(error) });
  }
}

/** @param {import('./lib/server.mjs').Server} server */
function describe({ url, port, pid, kind }) {
  return { url, port, pid, kind };
}

/** @param {unknown} reply */
function answer(reply) {
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}

/** @param {number} code */
function end(code) {
  // Throw-away data need no orderly shutdown.
  ending ??= (services?.stopAll(throwAway ? 'SIGKILL' : 'SIGTERM') ?? Promise.resolve()).then(() => process.exit(code));
  return ending;
}
