import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { eventually, textOf } from '@castellan/testing';
import { AppProcess } from './support/app-process';
import { root } from './support/services';
import { Stack } from './support/stack';

const run = promisify(execFile);

describe('the processes', () => {
  it.each(['api', 'host-manager'] as const)(
    '%s says everything that is wrong with its configuration, and ends with 1',
    async (name) => {
      const app = new AppProcess(name, '', { CASTELLAN_REDIS_URL: 'localhost', CASTELLAN_LOG_LEVEL: 'loud' });
      app.spawn();
      expect(await app.exited()).toBe(1);
      expect(app.output).toContain('CASTELLAN_MONGODB_URI is required');
      expect(app.output).toContain('CASTELLAN_REDIS_URL must be a URL that starts with redis://');
      expect(app.output).toContain('CASTELLAN_LOG_LEVEL must be');
    },
  );

  describe('running', () => {
    let stack: Stack;

    beforeAll(async () => {
      stack = await Stack.start({ nodes: ['v5'], settings: { CASTELLAN_SHUTDOWN_DELAY_MS: '1500' } });
    });
    afterAll(() => stack.end());

    it('keeps secrets out of the logs (promise 9)', async () => {
      await stack.createApi();
      const { output } = stack.apis[0] ?? { output: '' };
      expect(output).toContain('"msg":"request"');
      for (const secret of [stack.nodeSecret, stack.adminSecret, stack.accessKey]) expect(output).not.toContain(secret);
    });

    it('does the first task of the README as it is pasted', async () => {
      const readme = readFileSync(join(root, 'README.md'), 'utf8');
      const script = /<!-- test: first-task -->\n+```sh\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
      const { stdout } = await run('sh', ['-euc', script], {
        env: { PATH: process.env['PATH'], API: stack.apis[0]?.url, ADMIN_SECRET: stack.adminSecret },
      });
      expect(stdout).toContain('"Message":"API created"');
      expect(stdout).toContain('"listen_path":"/echo/"');
      expect(stdout).toContain('"hostname":"node-0"');
      await eventually(async () => (await fetch(`${stack.nodes[0]?.url ?? ''}/echo/`)).status === 200, {
        deadlineMs: 30_000,
      });
    });

    it('stops in order: readiness goes down first, requests under way are answered, then it ends', async () => {
      const api = stack.apis[0];
      if (api === undefined) throw new Error('No replica');
      api.signal('SIGTERM');
      await eventually(async () => {
        const { status, json } = await stack.at(0).get('/health/ready');
        return status === 503 && textOf(json['status']) === 'shutting_down';
      });
      const served = await stack.client.get('/api/apis');
      expect(served.status).toBe(200);
      expect(await api.exited()).toBe(0);
    });
  });
});
