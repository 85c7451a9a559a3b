import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '@castellan/testing';
import { alive, installation, isLocked, Launcher, pidOf, serverPorts } from './launcher';
import { removeFolders } from './tools';

const launchers: Launcher[] = [];
const start = (settings: Readonly<Record<string, string>>, how?: 'under-npm'): Launcher => {
  const launcher = new Launcher(settings, how === undefined ? {} : { how });
  launchers.push(launcher);
  return launcher;
};

const call = async (url: string, secret: string, body?: unknown): Promise<{ status: number; text: string }> => {
  const reply = await fetch(url, {
    headers: { 'admin-auth': secret },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  });
  return { status: reply.status, text: await reply.text() };
};

/** Whether somebody listens on a port. */
const listens = (port: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(Number(port), '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });

/** What a gateway that loads would get; 0 when nobody answers. */
const loadStatus = (port: string): Promise<number> =>
  fetch(`http://127.0.0.1:${port}/system/apis`).then(
    ({ status }) => status,
    () => 0,
  );

/**
 * Between two looks, in milliseconds: a start and an end are dozens of them. Without it the looks would take most of the
 * machine from what they watch, and the embedded MongoDB does not end while somebody comes at each moment.
 */
const pauseMs = 10;

/** Looks again and again, until it is told to end, at whether gateways would be answered at each moment. */
class Lookout {
  /** What the API answered while nothing could be served yet, or any more. */
  readonly answers = new Set<number>();
  /** Moments at which others were there and the API was not. */
  readonly gaps: string[] = [];
  #going = true;
  readonly #over: Promise<void>;

  constructor(api: string, others: readonly string[]) {
    this.#over = this.#look(api, others);
  }

  async end(): Promise<void> {
    this.#going = false;
    await this.#over;
  }

  async #look(api: string, others: readonly string[]): Promise<void> {
    let seen = false;
    let gone = false;
    while (this.#going) {
      const before = await Promise.all(others.map(listens));
      const status = await loadStatus(api);
      const after = await Promise.all(others.map(listens));
      if (status > 0) this.answers.add(status);
      // It begins before the others: whoever was there already has to find it there, too; the launcher itself, which
      // listens for a moment to see whether a port is free, is gone again,
      const there = before.some((listened, index) => listened && after[index] === true);
      if (!seen && status === 0 && there) this.gaps.push('start');
      // and goes after them.
      if (seen && status === 0) gone = true;
      if (gone && after.includes(true)) this.gaps.push('end');
      seen ||= status > 0;
      await delay(pauseMs);
    }
  }
}

const lookoutFor = (settings: Readonly<Record<string, string>>, servers: readonly string[]): Lookout =>
  new Lookout(settings['CASTELLAN_API_PORT'] ?? '', [...servers, settings['CASTELLAN_HOST_MANAGER_PORT'] ?? '']);

afterAll(async () => {
  for (const launcher of launchers) launcher.kill('SIGTERM');
  await Promise.all(launchers.map((launcher) => launcher.down()));
  removeFolders();
});

describe('npm start', () => {
  it('finds all data again after kill -9 of the launcher, refuses a second one, and stops everything it started, the api last, so that gateways hear 503 and never nothing', async () => {
    const settings = await installation();
    const first = await start({ ...settings, CASTELLAN_PORT: '9999' }).up();
    // Variables that nobody reads are named, with the one that was meant.
    expect(first.output).toContain('CASTELLAN_PORT is not a setting and is ignored; did you mean CASTELLAN_API_PORT?');
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

    // Empty is as good as unset: the api lingers until the launcher ends that.
    const third = await start({ ...settings, CASTELLAN_SHUTDOWN_LINGER_MS: '' }).up();
    for (const label of ['API', 'MongoDB', 'Redis', 'Admin secret', 'Node secret', '"storage":']) {
      expect(third.line(label)).toBe(first.line(label));
    }
    expect(await call(`${organisations}/${id}`, secret)).toMatchObject({
      status: 200,
      text: expect.stringContaining('Acme') as unknown,
    });

    const ports = ['MongoDB', 'Redis'].map((label) => /:(\d+)/.exec(third.line(label))?.[1] ?? label);
    const lookout = lookoutFor(settings, ports);
    // Without a secret.
    await eventually(() => lookout.answers.has(401));
    // Signals of one cause, however many, are one request.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGINT', 'SIGTERM'] as const) third.kill(signal);
    await third.down();
    await lookout.end();
    expect(lookout.gaps).toEqual([]);
    expect(lookout.answers).toEqual(new Set([401, 503]));
    expect(third.exitCode).toBe(0);
    expect(isLocked(settings)).toBe(false);
    expect(alive(settings)).toEqual([]);
    const stopped = [...third.output.matchAll(/✓ Stopping (\S+)/g)].map(([, name]) => name);
    expect(stopped).toEqual(['host-manager', 'Redis', 'MongoDB', 'api']);
  });

  it('starts embedded servers again that were killed, and goes on with their data; gives up on one that ends again and again, says how often it was started, and stops the rest', async () => {
    const settings = await installation();
    const launcher = await start(settings).up();
    const organisations = `${launcher.line('API')}/admin/organisations`;
    const secret = launcher.line('Admin secret');
    expect(await call(organisations, secret, { owner_name: 'Acme' })).toMatchObject({ status: 200 });
    const killed = new Set<number>();
    const kill = (part: string): void => {
      const pid = pidOf(settings, part);
      killed.add(pid);
      process.kill(pid, 'SIGKILL');
    };
    for (const part of ['mongodb', 'redis']) kill(part);
    for (const name of ['MongoDB', 'Redis']) {
      await eventually(() => new RegExp(`${name} .* was ended by SIGKILL; starting it again`).test(launcher.output));
      await eventually(() => new RegExp(`${name} .* runs again`).test(launcher.output));
    }
    await eventually(async () => {
      const { status, text } = await call(organisations, secret);
      return status === 200 && text.includes('Acme');
    });
    expect(launcher.hasEnded).toBe(false);
    await eventually(() => {
      // Each time that it answers again.
      if (!launcher.hasEnded && launcher.output.split(' runs again').length > killed.size) kill('redis');
      return launcher.hasEnded;
    });
    expect(launcher.exitCode).toBe(1);
    expect([...launcher.output.matchAll(/starting it again \((\d) of at most 5 times in 10 minutes/g)]).toHaveLength(5);
    expect(launcher.output).toMatch(
      /Error: Redis .* was ended by SIGKILL; .*it was started again 5 times, so that everything stops now/,
    );
    expect(killed.size).toBe(6);
    expect(alive(settings)).toEqual([]);
    expect(isLocked(settings)).toBe(false);
  });

  it('starts the api before everything else, so that gateways hear 503 and never nothing; says which other part ended, and stops the rest', async () => {
    const settings = { ...(await installation()), ...(await serverPorts()) };
    const lookout = lookoutFor(settings, [settings.CASTELLAN_MONGODB_PORT, settings.CASTELLAN_REDIS_PORT]);
    const launcher = await start(settings).up();
    // Without a secret, once it can be asked for one.
    await eventually(() => lookout.answers.has(401));
    await lookout.end();
    expect(lookout.gaps).toEqual([]);
    expect(lookout.answers).toEqual(new Set([401, 503]));
    process.kill(pidOf(settings, 'host-manager'), 'SIGKILL');
    await launcher.down();
    expect(launcher.exitCode).toBe(1);
    // What it said last is shown.
    expect(launcher.output).toMatch(/Error: host-manager was ended by SIGKILL; .*\n\n(?: {2}.*\n)*.*listens/);
    expect(alive(settings)).toEqual([]);
  });

  it('stops in order when a signal ends its whole process group, npm included', async () => {
    // At the same time, because most of it is waiting.
    const ended = (['SIGHUP', 'SIGTERM', 'SIGINT'] as const).map(async (signal) => {
      const settings = { ...(await installation()), ...(await serverPorts()) };
      const launcher = await start(settings, 'under-npm').up();
      launcher.killGroup(signal);
      await eventually(() => launcher.output.includes('✓ Stopping api'));
      await eventually(() => !isLocked(settings));
      await launcher.down();
      const stopped = [...launcher.output.matchAll(/✓ Stopping (\S+)/g)].map(([, name]) => name);
      return { signal, stopped, alive: alive(settings) };
    });
    const stopped = ['host-manager', 'Redis', 'MongoDB', 'api'];
    for (const one of await Promise.all(ended)) expect(one).toEqual({ signal: one.signal, stopped, alive: [] });
  });

  it('stops at once when it is asked again seconds later, and says so by its exit code', async () => {
    const settings = await installation();
    const launcher = await start(settings).up();
    // A server that does not end would be waited for.
    process.kill(pidOf(settings, 'redis'), 'SIGSTOP');
    // As somebody does who presses Ctrl-C again and again: what comes within the first seconds is the same request.
    await eventually(() => {
      launcher.kill('SIGINT');
      return launcher.hasEnded;
    });
    expect(launcher.exitCode).toBe(130);
    expect(launcher.output).not.toContain('✓ Stopping Redis');
    expect(alive(settings)).toEqual([]);
    expect(isLocked(settings)).toBe(false);
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
