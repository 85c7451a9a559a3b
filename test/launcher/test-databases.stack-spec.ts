import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import mongoose from 'mongoose';
import { z } from 'zod';
import { eventually } from '@castellan/testing';
import { folder, removeFolders, root } from './tools';

const said = z.object({ mongodb: z.string(), redis: z.string(), pid: z.number() });

/** `npm run services` without npm, with a place of its own for what it says and for what it keeps. */
class TestDatabases {
  readonly process: ChildProcess;
  output = '';

  constructor(dataDir: string, temporary: string) {
    this.process = spawn(process.execPath, ['tools/test-databases.mjs'], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, CASTELLAN_DATA_DIR: dataDir, TMPDIR: temporary },
    });
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.on('data', (text: Buffer) => (this.output += text.toString()));
    }
  }

  /** Its exit code, once it has ended. */
  async end(): Promise<number | null> {
    await eventually(() => this.process.exitCode !== null || this.process.signalCode !== null);
    return this.process.exitCode;
  }
}

describe('npm run services', () => {
  const dataDir = folder();
  const temporary = folder();
  const file = join(dataDir, 'test-services.json');
  const databases = new TestDatabases(dataDir, temporary);

  afterAll(async () => {
    databases.process.kill('SIGTERM');
    await databases.end();
    removeFolders();
  });

  it('says where its databases are, runs once, and leaves nothing when it is stopped', async () => {
    await eventually(() => databases.output.includes('are running') || databases.process.exitCode !== null);
    const { mongodb, redis, pid } = said.parse(JSON.parse(readFileSync(file, 'utf8')));
    expect(pid).toBe(databases.process.pid);
    const urls = redis.split(',');
    const clients = urls.map((url) => new Redis(url, { retryStrategy: () => null }));
    try {
      expect(await Promise.all(clients.map((client) => client.ping()))).toEqual(urls.map(() => 'PONG'));
    } finally {
      for (const client of clients) client.disconnect();
    }
    const connection = await mongoose.createConnection(mongodb).asPromise();
    expect(await connection.db?.admin().ping()).toMatchObject({ ok: 1 });
    await connection.close();

    const second = new TestDatabases(dataDir, temporary);
    expect([await second.end(), second.output]).toEqual([1, expect.stringContaining('They run already')]);
    expect(existsSync(file)).toBe(true);

    databases.process.kill('SIGTERM');
    expect(await databases.end()).toBe(0);
    expect([existsSync(file), readdirSync(temporary)]).toEqual([false, []]);
    const gone = urls.map(async (url) => {
      const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null });
      client.on('error', () => undefined);
      await expect(client.connect()).rejects.toThrow();
      client.disconnect();
    });
    await Promise.all(gone);
  });
});
