import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { eventually } from '@castellan/testing';
import { evaluate, folder, removeFolders, root } from './tools';

/** `npm start` without npm, on a data directory and ports of its own. */
class Launcher {
  readonly #process: ChildProcess;
  output = '';

  constructor(readonly settings: Readonly<Record<string, string>>) {
    this.#process = spawn(process.execPath, ['tools/start.mjs'], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...settings },
    });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.on('data', (text: Buffer) => (this.output += text.toString()));
    }
  }

  get exitCode(): number | null {
    return this.#process.exitCode;
  }

  get hasEnded(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  /** Waits until it says that everything runs. */
  async up(): Promise<this> {
    await eventually(() => this.output.includes('Castellan is running.') || this.hasEnded);
    if (this.hasEnded) throw new Error(`The launcher ended:\n${this.output}`);
    return this;
  }

  /** Waits until it has ended. */
  async down(): Promise<this> {
    await eventually(() => this.hasEnded, { describe: `the end of the launcher` });
    return this;
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** What the summary says after a word at the start of a line. */
  line(label: string): string {
    return new RegExp(`^ *${label} +(.*)$`, 'm').exec(this.output)?.[1] ?? `no "${label}" in: ${this.output}`;
  }
}

const launchers: Launcher[] = [];
const start = (settings: Readonly<Record<string, string>>): Launcher => {
  const launcher = new Launcher(settings);
  launchers.push(launcher);
  return launcher;
};

const freePort = (): Promise<string> =>
  new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        resolve(String(typeof address === 'object' ? address?.port : address));
      });
    });
  });

/** An installation that finds its embedded servers installed already. */
const installation = async (): Promise<Record<string, string>> => {
  const dataDir = folder();
  const venv = process.env.CASTELLAN_TEST_VENV;
  if (venv !== undefined) symlinkSync(venv, join(dataDir, 'venv'));
  return {
    CASTELLAN_DATA_DIR: dataDir,
    CASTELLAN_API_PORT: await freePort(),
    CASTELLAN_HOST_MANAGER_PORT: await freePort(),
  };
};

/** Those of the recorded processes that are alive. */
const alive = (settings: Readonly<Record<string, string>>): unknown =>
  evaluate(
    `import { parts, State } from './tools/lib/state.mjs';
     import { asIdentity, isAlive } from './tools/lib/process-identity.mjs';
     const state = new State(input);
     answer(parts.filter((part) => { const one = asIdentity(state.get(part)); return one !== undefined && isAlive(one); }));`,
    settings.CASTELLAN_DATA_DIR,
  );

const call = async (url: string, secret: string, body?: unknown): Promise<{ status: number; text: string }> => {
  const reply = await fetch(url, {
    headers: { 'admin-auth': secret },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  });
  return { status: reply.status, text: await reply.text() };
};

afterAll(async () => {
  for (const launcher of launchers) launcher.kill('SIGTERM');
  await Promise.all(launchers.map((launcher) => launcher.down()));
  removeFolders();
});

describe('npm start', () => {
  it('finds all data again after kill -9 of the launcher, refuses a second one, and stops everything it started', async () => {
    const settings = await installation();
    const first = await start(settings).up();
    const organisations = `${first.line('API')}/admin/organisations`;
    const secret = first.line('Admin secret');
    const created = await call(organisations, secret, { owner_name: 'Acme' });
    expect(created).toMatchObject({ status: 200 });
    const id = /[0-9a-f]{24}/.exec(created.text)?.[0] ?? 'no id';

    const second = await start(settings).down();
    expect([second.exitCode, second.output.trim()]).toEqual([
      1,
      expect.stringMatching(/^Error: Castellan runs already on [^\n]*CASTELLAN_DATA_DIR[^\n]*$/),
    ]);

    first.kill('SIGKILL');
    await first.down();
    expect(alive(settings)).toEqual(['host-manager', 'api', 'redis', 'mongodb']);

    const third = await start(settings).up();
    for (const label of ['API', 'MongoDB', 'Redis', 'Admin secret', 'Node secret', '"storage":']) {
      expect(third.line(label)).toBe(first.line(label));
    }
    expect(await call(`${organisations}/${id}`, secret)).toMatchObject({
      status: 200,
      text: expect.stringContaining('Acme') as unknown,
    });

    third.kill('SIGINT');
    await third.down();
    expect(third.exitCode).toBe(0);
    expect(alive(settings)).toEqual([]);
    const stopped = [...third.output.matchAll(/✓ Stopping (\S+)/g)].map(([, name]) => name);
    expect(stopped).toEqual(['host-manager', 'api', 'Redis', 'MongoDB']);
  });

  it('says which part ended, shows what it said last, and stops the others', async () => {
    const settings = await installation();
    const launcher = await start(settings).up();
    const state = readFileSync(join(settings.CASTELLAN_DATA_DIR ?? '', 'services.json'), 'utf8');
    const pid = Number(/"redis": \{[^}]*"pid": (\d+)/.exec(state)?.[1]);
    process.kill(pid, 'SIGKILL');
    await launcher.down();
    expect(launcher.exitCode).toBe(1);
    expect(launcher.output).toMatch(/Error: Redis \(.*\) was ended by SIGKILL; .*\n\n(?: {2}.*\n)*.*Ready to accept/);
    expect(alive(settings)).toEqual([]);
  });

  it('lists every wrong setting at once, and starts nothing', async () => {
    const settings = { ...(await installation()), CASTELLAN_REDIS_PORT: 'many', CASTELLAN_LOG_LEVEL: 'loud' };
    const launcher = await start({ ...settings, CASTELLAN_HOST_MANAGER_NODES: 'nowhere' }).down();
    expect(launcher.exitCode).toBe(1);
    for (const name of ['REDIS_PORT', 'LOG_LEVEL', 'HOST_MANAGER_NODES']) {
      expect(launcher.output).toContain(`\n  CASTELLAN_${name} `);
    }
    expect(alive(settings)).toEqual([]);
  });
});
