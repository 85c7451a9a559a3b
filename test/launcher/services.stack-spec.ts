import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Redis } from 'ioredis';
import mongoose from 'mongoose';
import { z } from 'zod';
import { eventually } from '@castellan/testing';
import { evaluate, root } from './tools';

const server = z.object({ url: z.string(), port: z.number(), pid: z.number(), kind: z.string() });
const ready = z.object({ mongodb: server, redis: z.array(server), dataDir: z.string() });
const answer = z.object({ id: z.number(), pid: z.number().optional(), error: z.string().optional() });

/** `node tools/services.mjs` and the lines it answers with. */
class Services {
  readonly process: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  #commands = 0;

  constructor() {
    this.process = spawn(process.execPath, ['tools/services.mjs'], { cwd: root, stdio: ['pipe', 'pipe', 'inherit'] });
    if (this.process.stdout === null) throw new Error('no output');
    this.#lines = createInterface({ input: this.process.stdout })[Symbol.asyncIterator]();
  }

  async read(): Promise<unknown> {
    const line = await this.#lines.next();
    return JSON.parse(String(line.value));
  }

  async obey(command: object): Promise<z.infer<typeof answer>> {
    this.process.stdin?.write(`${JSON.stringify({ id: (this.#commands += 1), ...command })}\n`);
    const reply = answer.parse(await this.read());
    expect(reply.id).toBe(this.#commands);
    return reply;
  }
}

const exists = (pid: number): boolean =>
  evaluate(
    `import { identify } from './tools/lib/process-identity.mjs'; answer(identify(input) !== undefined);`,
    pid,
  ) === true;

describe('tools/services.mjs', () => {
  const services = new Services();
  let servers: z.infer<typeof ready>;
  beforeAll(async () => {
    servers = ready.parse(await services.read());
  });
  afterAll(async () => {
    services.process.stdin?.end();
    await eventually(() => services.process.exitCode !== null);
  });

  it('stops and starts a server on the same port with the same data, whatever ended it', async () => {
    const [redis] = servers.redis;
    if (redis === undefined) throw new Error('no Redis');
    for (const signal of ['SIGTERM', 'SIGKILL']) {
      const before = new Redis(redis.url);
      await before.set('what', signal);
      before.disconnect();
      const connection = await mongoose.createConnection(servers.mongodb.url, { dbName: 'services' }).asPromise();
      await connection.collection('rows').insertOne({ signal });
      await connection.close();

      expect(await services.obey({ do: 'stop', server: 'redis', signal })).toMatchObject({ pid: 0 });
      expect(await services.obey({ do: 'stop', server: 'mongodb', signal })).toMatchObject({ pid: 0 });
      await services.obey({ do: 'start', server: 'redis' });
      await services.obey({ do: 'start', server: 'mongodb' });

      const after = new Redis(redis.url);
      expect(await after.get('what')).toBe(signal);
      after.disconnect();
      const again = await mongoose.createConnection(servers.mongodb.url, { dbName: 'services' }).asPromise();
      expect(await again.collection('rows').countDocuments({ signal })).toBe(1);
      await again.close();
    }
  });

  it('answers a command it does not know with an error', async () => {
    expect(await services.obey({ do: 'stop', server: 'redis', index: 7 })).toHaveProperty('error');
  });

  it('leaves nothing behind when whoever started it has gone', async () => {
    const own = new Services();
    const { mongodb, redis, dataDir } = ready.parse(await own.read());
    const pids = [mongodb, ...redis].map(({ pid }) => pid);
    expect(pids.map(exists)).toEqual([true, true]);
    // All that is left of a starter that was killed: the other end of the pipe is closed.
    own.process.stdin?.destroy();
    await eventually(() => !pids.some(exists) && !existsSync(dataDir));
  });
});
