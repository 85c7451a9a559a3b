import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { anApiDefinition, eventually, listOf, textOf, unique } from '@castellan/testing';
import { ImageLayout } from '../deploy/image-layout';
import { AppProcess } from './support/app-process';
import { root } from './support/child';
import { Stack } from './support/stack';
import type { Tenant } from './support/tenant';

const run = promisify(execFile);

describe('the processes', () => {
  it.each(['api', 'host-manager'] as const)(
    '%s says everything that is wrong with its configuration, and ends with 1',
    async (name) => {
      const app = new AppProcess(name, '', {
        CASTELLAN_REDIS_URL: 'localhost',
        CASTELLAN_LOG_LEVEL: 'loud',
        CASTELLAN_ADMIN_SECRET: 'too-short',
        CASTELLAN_HOST_MANAGER_NODES: 'http://127.0.0.1:8080,gateway-2',
      });
      app.spawn();
      expect(await app.exited()).toBe(1);
      expect(app.output).toContain('CASTELLAN_MONGODB_URI is required');
      expect(app.output).toContain('CASTELLAN_REDIS_URL must be a URL that starts with redis://');
      expect(app.output).toContain('CASTELLAN_LOG_LEVEL must be');
      if (name === 'api') {
        expect(app.output).toContain('CASTELLAN_ADMIN_SECRET must be at least 16 characters long');
        expect(app.output).toContain('CASTELLAN_NODE_SECRET is required');
        expect(app.output).not.toContain('too-short');
      } else {
        expect(app.output).toContain('CASTELLAN_HOST_MANAGER_NODES "gateway-2" is not an http:// or https:// URL');
      }
    },
  );

  describe('running', () => {
    let stack: Stack;
    let tenant: Tenant;

    /** One that is read, and one that nobody reads. */
    const settings = { CASTELLAN_SHUTDOWN_DELAY_MS: '700', CASTELLAN_LOGLEVEL: 'debug' };

    beforeAll(async () => {
      stack = await Stack.start({ nodes: ['v5'], settings });
      tenant = await stack.tenant();
    });
    afterAll(() => stack.end());
    beforeEach(() => stack.repair());

    it('keeps secrets out of the logs (promise 9)', async () => {
      await tenant.create();
      await eventually(() => stack.api.output.includes('"route":"/api/apis"'));
      const logs = stack.api.output + stack.hostManager.output;
      const secrets = [stack.nodeSecret, stack.adminSecret, stack.gatewaySecret, tenant.accessKey];
      for (const secret of secrets) expect(logs).not.toContain(secret);
    });

    it('warn of nothing but of what was set wrongly, and that nobody has set it up', () => {
      const warnings = [stack.api, stack.hostManager].flatMap(
        ({ output }) => output.match(/^.*"level":"warn".*$/gm) ?? [],
      );
      const expected = /CASTELLAN_LOGLEVEL is not a setting|Nobody has set up this installation yet/;
      expect(warnings.filter((line) => !expected.test(line))).toEqual([]);
    });

    it('say of a variable that nobody reads which one was meant', () => {
      const said = 'CASTELLAN_LOGLEVEL is not a setting and is ignored; did you mean CASTELLAN_LOG_LEVEL?';
      for (const { output } of [stack.api, stack.hostManager]) expect(output).toContain(said);
    });

    it('serves its documentation, whose files stay beside the bundle', async () => {
      for (const file of ['', 'swagger-ui.css', 'swagger-ui-bundle.js']) {
        expect((await fetch(`${stack.api.url}/docs/${file}`)).status).toBe(200);
      }
    });

    it('does the first task of the README as it is pasted', async () => {
      const readme = readFileSync(join(root, 'README.md'), 'utf8');
      const script = /<!-- test: first-task -->\n+```sh\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
      const { stdout } = await run('sh', ['-euc', script], {
        env: { PATH: process.env['PATH'], API: stack.api.url, ADMIN_SECRET: stack.adminSecret },
      });
      expect(stdout).toContain('"Message":"API created"');
      expect(stdout).toContain('"listen_path":"/echo/"');
      expect(stdout).toContain(`"id":"${stack.nodes[0]?.nodeId ?? ''}"`);
      await eventually(async () => (await fetch(`${stack.nodes[0]?.url ?? ''}/echo/`)).status === 200, {});
    });

    describe('in what the image of the API holds, and no package for development', () => {
      let image: ImageLayout;
      beforeAll(() => {
        image = ImageLayout.of('deploy/docker/api.Dockerfile');
      });
      afterAll(() => {
        image.remove();
      });

      /** Runs a program as `docker exec` does, with the environment of the container, and types these lines. */
      const inImage = (script: string, args: readonly string[], lines: readonly string[] = [], environment = {}) => {
        const env = { PATH: process.env['PATH'], ...image.environment, ...environment };
        const running = run(process.execPath, [script, ...args], { cwd: image.folder, env });
        running.child.stdin?.end(lines.map((line) => `${line}\n`).join(''));
        return running;
      };
      const cli = (args: readonly string[], lines?: readonly string[]) =>
        inImage('dist/apps/api/src/cli.js', args, lines, {
          CASTELLAN_ADMIN_SECRET: stack.adminSecret,
          CASTELLAN_API_PORT: new URL(stack.api.url).port,
        });
      const said = (stdout: string, label: string): string =>
        new RegExp(`^.*${label}: (\\S+)$`, 'm').exec(stdout)?.[1] ?? '';

      it('the app finds everything that it loads', async () => {
        const failed = await inImage('dist/apps/api/src/main.js', []).catch((error: unknown) => String(error));
        expect(failed).toContain('CASTELLAN_MONGODB_URI is required');
      });

      it('bootstrap makes an organisation and its administrator, and prints a key that opens it', async () => {
        const email = `${unique('ada')}@acme.example`;
        const { stdout } = await cli(['bootstrap', '--org', 'Acme', '--email', email]);
        const client = stack.api.client.with({ authorization: said(stdout, 'Access key') });
        expect(textOf((await client.get('/api/users/me')).json['org_id'])).toBe(said(stdout, 'Organisation ID'));
      });

      it('--neworg --newuser ask for what they need, in the words of the original, and show no password', async () => {
        const name = unique('zz');
        const made = await cli(['--neworg'], [name, '']);
        const { json } = await stack.admin.get('/admin/organisations?p=-1');
        const index = listOf(json['organisations']).findIndex(({ owner_name: owner }) => textOf(owner) === name);
        const password = 'violet anchors hum beneath paper oceans';
        const person = ['Ada', 'Lovelace', `${name}@acme.example`, String(index), password, password];
        const { stdout } = await cli(['--neworg', '--newuser'], [unique('zzz'), '', ...person]);
        expect(stdout).toMatch(/Organisation name: [\s\S]*Organisation slug: [\s\S]*New organisation ID: [0-9a-f]{24}/);
        expect(stdout).not.toContain(password);
        const client = stack.api.client.with({ authorization: said(stdout, 'Access key') });
        const me = (await client.get('/api/users/me')).json;
        expect([textOf(me['id']), textOf(me['org_id'])]).toEqual([
          said(stdout, 'New user ID'),
          said(made.stdout, 'New organisation ID'),
        ]);
      });
    });

    it.each(['SIGTERM', 'SIGINT'] as const)(
      'stops in order on %s: readiness goes down first, requests are answered; a write whose body is still on its way is finished when others are turned away with 503',
      async (signal) => {
        const body = JSON.stringify({ api_definition: anApiDefinition() });
        const request = await SlowRequest.begin(stack.api.url, tenant.accessKey, body);
        stack.api.signal(signal);
        await eventually(async () => {
          const { status, json } = await stack.api.client.get('/health/ready');
          return status === 503 && textOf(json['status']) === 'shutting_down';
        });
        expect((await tenant.client().get('/api/apis')).status).toBe(200);
        const turnedAway = async (): Promise<boolean> =>
          (await stack.api.client.get('/health/ready')).text === '{"status":"stopping","checks":{}}';
        await eventually(turnedAway, { describe: 'others to be turned away' });
        expect(stack.api.running).toBe(true);
        const reply = await request.finish();
        expect(reply).toMatch(/^HTTP\/1\.1 200 /);
        // Nobody is cut off: the listener goes last.
        expect((await stack.api.client.get('/system/apis')).status).toBe(503);
        expect(await stack.api.exited()).toBe(0);

        await stack.api.start();
        const apiId = /"ID":"([^"]+)"/.exec(reply)?.[1] ?? '';
        expect(await tenant.listed()).toContain(apiId);
        const [node] = stack.nodes;
        await eventually(() => node?.loadedApis.has(apiId));
      },
    );

    it('host-manager ends in order, too', async () => {
      stack.hostManager.signal('SIGTERM');
      expect(await stack.hostManager.exited()).toBe(0);
    });
  });
});

/** A write that has been half sent. */
class SlowRequest {
  private received = '';

  private constructor(
    private readonly socket: Socket,
    private readonly rest: string,
  ) {
    socket.on('data', (bytes: Buffer) => {
      this.received += bytes.toString();
    });
    socket.on('error', () => undefined);
  }

  static async begin(url: string, accessKey: string, body: string): Promise<SlowRequest> {
    const { hostname, port, host } = new URL(url);
    const socket = connect(Number(port), hostname);
    const head = [
      'POST /api/apis HTTP/1.1',
      `host: ${host}`,
      `authorization: ${accessKey}`,
      `content-length: ${Buffer.byteLength(body)}`,
      'connection: close',
      '',
      body.slice(0, 10),
    ].join('\r\n');
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.write(head, () => {
        resolve();
      });
    });
    return new SlowRequest(socket, body.slice(10));
  }

  /** Sends the rest, and answers with all of the reply. */
  async finish(): Promise<string> {
    const closed = new Promise((resolve) => this.socket.once('close', resolve));
    this.socket.write(this.rest);
    await closed;
    return this.received;
  }
}
