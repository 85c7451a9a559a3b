import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '@castellan/testing';
import { evaluate, evaluateElsewhere, fields, folder, removeFolders } from './tools';

/** Opens the data directory in a process that ends at once; answers what the launcher would print. */
const open = (dataDir: string): unknown =>
  evaluateElsewhere(
    `import { openDataDirectory } from './tools/lib/data-directory.mjs';
     try { openDataDirectory(input); answer('opened'); } catch (error) { answer(error.name + ': ' + error.message); }`,
    dataDir,
  );

/** A process that runs until it is killed, and what is written down of it. */
const sleeper = (): { pid: number; identity: unknown; gone: () => boolean } => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  const pid = child.pid ?? 0;
  children.push(child);
  return { pid, identity: identityOf(pid), gone: () => child.exitCode !== null || child.signalCode !== null };
};
const children: { kill: (signal: 'SIGKILL') => unknown }[] = [];

const identityOf = (pid: number): unknown =>
  evaluate(`import { identify } from './tools/lib/process-identity.mjs'; answer(identify(input) ?? null);`, pid);

afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  removeFolders();
});

describe('the data directory', () => {
  it('belongs to its owner alone', () => {
    const dataDir = join(folder(), 'new', 'data');
    expect(open(dataDir)).toBe('opened');
    expect(statSync(dataDir).mode & 0o777).toBe(0o700);
  });

  it('is refused to a second launcher with one sentence that names the first', () => {
    const dataDir = folder();
    const { pid, identity } = sleeper();
    writeFileSync(join(dataDir, 'launcher.lock'), JSON.stringify(identity));
    expect(open(dataDir)).toBe(
      `Problem: Castellan runs already on ${dataDir} (process ${pid}); stop that one, or set CASTELLAN_DATA_DIR to another folder.`,
    );
  });

  it.each([
    ['of a process that has ended', () => JSON.stringify({ pid: 4_000_000, started: '1' })],
    ['whose process id now belongs to another one', () => JSON.stringify({ pid: process.pid, started: '1' })],
    ['that is empty', () => ''],
  ])('is taken over from a lock %s', (_, content) => {
    const dataDir = folder();
    writeFileSync(join(dataDir, 'launcher.lock'), content());
    expect(open(dataDir)).toBe('opened');
    expect(readdirSync(dataDir)).toEqual(['launcher.lock']);
  });

  it('that cannot be made is one sentence with the way out', () => {
    const file = join(folder(), 'a-file');
    writeFileSync(file, '');
    expect(open(join(file, 'data'))).toMatch(/^Problem: The data directory .* cannot be written .*CASTELLAN_DATA_DIR/);
  });
});

describe('services.json', () => {
  const withState = (dataDir: string, script: string): unknown =>
    evaluate(
      `import { State } from './tools/lib/state.mjs'; const state = new State(input); const said = []; ${script}`,
      dataDir,
    );
  const endLeftovers = 'await state.endLeftovers((text) => said.push(text)); answer(said);';
  const write = (dataDir: string, content: unknown): void => {
    mkdirSync(dataDir, { recursive: true });
    writeFileSync(join(dataDir, 'services.json'), JSON.stringify(content));
  };

  it('keeps addresses over a stop, and no processes', () => {
    const dataDir = folder();
    withState(
      dataDir,
      `state.set('redis', { url: 'redis://127.0.0.1:1', port: 1, pid: 4711, started: '1' }); state.forgetProcesses(); answer(0);`,
    );
    expect(withState(dataDir, `answer(state.get('redis'));`)).toEqual({ url: 'redis://127.0.0.1:1', port: 1 });
  });

  it('finds the server that a killed launcher left behind, and ends it', async () => {
    const dataDir = folder();
    const { pid, identity, gone } = sleeper();
    write(dataDir, { redis: { url: 'redis://127.0.0.1:1', ...fields(identity) } });
    const said: unknown = expect.stringContaining(`redis (process ${pid})`);
    expect(withState(dataDir, endLeftovers)).toEqual([said]);
    await eventually(gone);
  });

  it('spares a process that only has the same id', () => {
    const dataDir = folder();
    const { pid, gone } = sleeper();
    write(dataDir, { redis: { url: 'redis://127.0.0.1:1', pid, started: '1' } });
    expect(withState(dataDir, endLeftovers)).toEqual([]);
    expect(gone()).toBe(false);
    expect(identityOf(pid)).toMatchObject({ pid });
  });

  it.each(['not json', '[]', '{"redis":{"url":5}}'])('that says %s counts as none', (content) => {
    const dataDir = folder();
    writeFileSync(join(dataDir, 'services.json'), content);
    expect(withState(dataDir, `answer(state.get('redis') ?? null);`)).toBeNull();
    expect(readFileSync(join(dataDir, 'services.json'), 'utf8')).toBe(content);
  });
});

describe('the private Python environment', () => {
  const folderOf = (env: Readonly<Record<string, string>>): unknown =>
    evaluate(`import { venvFolder } from './tools/lib/venv.mjs'; answer(venvFolder(input));`, env);

  it('is there once for all installations of a user, in the cache', () => {
    const [one, other] = ['/a', '/b'].map((dataDir) => folderOf({ HOME: '/home/ada', CASTELLAN_DATA_DIR: dataDir }));
    expect(one).toEqual(other);
    expect(one).toMatch(/^\/home\/ada\/(\.cache|Library\/Caches)\/castellan\//);
    expect(folderOf({ HOME: '/home/ada', CASTELLAN_CACHE_DIR: '/cache' })).toMatch(/^\/cache\/secantusdb-/);
  });
});
