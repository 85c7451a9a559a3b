import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import patience from '../../libs/testing/src/patience.json';

export const root = join(__dirname, '..', '..');

const asDataUrl = (script: string): string => `data:text/javascript,${encodeURIComponent(script)}`;

/** Runs another module, and says on its port what that answered or threw. */
const runner = asDataUrl(`
  import { workerData } from 'node:worker_threads';
  const { port, done, input, script } = workerData;
  const said = {};
  globalThis.input = input;
  globalThis.answer = (value) => { said.json = JSON.stringify({ value }); };
  try { await import(script); } catch (error) { said.error = String(error?.stack ?? error); }
  port.postMessage(said);
  Atomics.store(done, 0, 1);
  Atomics.notify(done, 0);`);

/**
 * Runs a script as an ES module in a thread of its own, because the tools are ES modules and the tests are not. It
 * imports `./tools/lib/…` and hands its answer to `answer(value)`.
 *
 * @param input what the script finds in `input`
 */
export const evaluate = (script: string, input: unknown = null): unknown => {
  const done = new Int32Array(new SharedArrayBuffer(4));
  const { port1, port2 } = new MessageChannel();
  const module = asDataUrl(script.replaceAll(`'./tools/`, `'${pathToFileURL(root).href}/tools/`));
  const data = { port: port2, done, input: JSON.parse(JSON.stringify(input)) as unknown, script: module };
  // Without what Jest loads first into its threads.
  const options = { workerData: data, transferList: [port2], execArgv: [], stdout: true };
  const worker = new Worker(new URL(runner), options);
  Atomics.wait(done, 0, 0, patience.waitMs);
  const reply: unknown = receiveMessageOnPort(port1)?.message;
  port1.close();
  void worker.terminate();
  if (typeof reply !== 'object' || reply === null) throw new Error('the script did not end');
  if ('error' in reply) throw new Error(String(reply.error));
  return answerIn('json' in reply ? String(reply.json) : '');
};

/** The same in a process of its own, for what goes by which process it is. */
export const evaluateElsewhere = (script: string, input: unknown = null): unknown => {
  const prelude = `const input = ${JSON.stringify(input)}; const answer = (value) => console.log(JSON.stringify({ value }));`;
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', `${prelude}\n${script}`], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return answerIn(output.trim().split('\n').at(-1) ?? '');
};

const answerIn = (json: string): unknown => {
  const reply: unknown = json === '' ? null : JSON.parse(json);
  if (typeof reply !== 'object' || reply === null || !('value' in reply)) throw new Error('the script did not answer');
  return reply.value;
};

/** An answer that has fields. */
export const fields = (value: unknown): object => (typeof value === 'object' && value !== null ? value : {});

const folders: string[] = [];

/** A folder of the test's own; `removeFolders` after the tests takes it away. */
export const folder = (): string => {
  const made = mkdtempSync(join(tmpdir(), 'castellan-launcher-'));
  folders.push(made);
  return made;
};

export const removeFolders = (): void => {
  for (const made of folders.splice(0)) rmSync(made, { recursive: true, force: true });
};
