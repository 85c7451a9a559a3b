import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, freePort } from '@castellan/testing';
import { evaluate, folder, root } from './tools';

/** How a launcher is run. */
interface Launch {
  readonly how?: 'alone' | 'under-npm';
  readonly script?: 'start' | 'dev';
  readonly where?: string;
}

/** `npm start` or `npm run dev` without npm, on a data directory and ports of its own. */
export class Launcher {
  readonly #process: ChildProcess;
  output = '';

  /**
   * @param how under npm there is a shell between, which ends with the signal, and the variable that says so
   * @param where the repository, or a copy of it
   */
  constructor(
    readonly settings: Readonly<Record<string, string>>,
    { how = 'alone', script = 'start', where = root }: Launch = {},
  ) {
    const underNpm = how === 'under-npm';
    const tool = `tools/${script}.mjs`;
    const [file, args] = underNpm
      ? ['sh', ['-c', `"$0" ${tool}; exit $?`, process.execPath]]
      : [process.execPath, [tool]];
    this.#process = spawn(file, args, {
      cwd: where,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: underNpm,
      env: { ...process.env, ...settings, npm_lifecycle_event: underNpm ? 'start' : undefined },
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

  /** As closing a terminal does, or Ctrl-C in one: everybody gets it. */
  killGroup(signal: NodeJS.Signals): void {
    process.kill(-(this.#process.pid ?? 0), signal);
  }

  /** What the summary says after a word at the start of a line. */
  line(label: string): string {
    return new RegExp(`^ *${label} +(.*)$`, 'm').exec(this.output)?.[1] ?? `no "${label}" in: ${this.output}`;
  }
}

/** An installation of its own, which finds the embedded servers where the test run has installed them. */
export const installation = async (): Promise<Record<string, string>> => {
  const dataDir = folder();
  return {
    CASTELLAN_DATA_DIR: dataDir,
    CASTELLAN_API_PORT: String(await freePort()),
    CASTELLAN_HOST_MANAGER_PORT: String(await freePort()),
    // No gateway comes that would have to be answered to the last.
    CASTELLAN_SHUTDOWN_LINGER_MS: '100',
  };
};

/** Ports of the embedded servers, where a test has to know them, or several installations choose at the same time. */
export const serverPorts = async () => ({
  CASTELLAN_REDIS_PORT: String(await freePort()),
  CASTELLAN_MONGODB_PORT: String(await freePort()),
});

/** The process of a part, as `services.json` says it. */
export const pidOf = (settings: Readonly<Record<string, string>>, part: string): number => {
  const state = readFileSync(join(settings.CASTELLAN_DATA_DIR ?? '', 'services.json'), 'utf8');
  return Number(new RegExp(`"${part}": \\{[^}]*"pid": (\\d+)`).exec(state)?.[1]);
};

/** Whether a launcher has left its lock, or still holds it. */
export const isLocked = (settings: Readonly<Record<string, string>>): boolean =>
  existsSync(join(settings['CASTELLAN_DATA_DIR'] ?? '', 'launcher.lock'));

/** Those of the recorded processes that are alive. */
export const alive = (settings: Readonly<Record<string, string>>): unknown =>
  evaluate(
    `import { parts, State } from './tools/lib/state.mjs';
     import { asIdentity, isAlive } from './tools/lib/process-identity.mjs';
     const state = new State(input);
     answer(parts.filter((part) => { const one = asIdentity(state.get(part)); return one !== undefined && isAlive(one); }));`,
    settings.CASTELLAN_DATA_DIR,
  );
