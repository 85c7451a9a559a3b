import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const root = join(__dirname, '..', '..');

/**
 * Runs a script as an ES module in a process of its own, because the tools are ES modules and the tests are not. It
 * imports `./tools/lib/…` and hands its answer to `answer(value)`.
 *
 * @param input what the script finds in `input`
 */
export const evaluate = (script: string, input: unknown = null): unknown => {
  const prelude = `const input = ${JSON.stringify(input)}; const answer = (value) => console.log(JSON.stringify({ value }));`;
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', `${prelude}\n${script}`], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const reply: unknown = JSON.parse(output.trim().split('\n').at(-1) ?? '');
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
