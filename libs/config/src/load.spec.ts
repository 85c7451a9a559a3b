import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, loadApiConfig, loadHostManagerConfig, type Environment } from './load';
import { configurationNotes } from './notes';

const required = {
  CASTELLAN_ADMIN_SECRET: 'an-admin-secret-of-length',
  CASTELLAN_NODE_SECRET: 'a-node-secret-of-length',
  CASTELLAN_MONGODB_URI: 'mongodb://127.0.0.1:27017/castellan',
  CASTELLAN_REDIS_URL: 'redis://127.0.0.1:6379',
};

const problemsOf = (
  environment: Environment,
  load: (from: Environment) => unknown = loadApiConfig,
): readonly string[] => {
  try {
    load(environment);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
};

describe('loadConfig', () => {
  it('needs only the two secrets and the two stores', () => {
    expect(loadApiConfig(required)).toMatchObject({ apiPort: 3000, pageSize: 10, trustProxy: false });
  });

  it('lists every problem at once, each with its variable', () => {
    const problems = problemsOf({
      ...required,
      CASTELLAN_API_PORT: 'eighty',
      CASTELLAN_REDIS_URL: 'localhost:6379',
      CASTELLAN_NODE_SECRET: 'short',
    });
    expect(problems).toHaveLength(3);
    expect(problems).toContain('CASTELLAN_API_PORT must be a port number, 0 to 65535');
    expect(problems.join('\n')).toMatch(/CASTELLAN_REDIS_URL must be a URL that starts with redis:\/\//);
    expect(problems.join('\n')).toMatch(/CASTELLAN_NODE_SECRET must be at least 16 characters/);
  });

  it('takes the address of a replica set with several members', () => {
    const uri = 'mongodb://one:27017,two:27017/castellan?replicaSet=rs0';
    expect(loadApiConfig({ ...required, CASTELLAN_MONGODB_URI: uri }).mongodbUri).toBe(uri);
  });

  it('never repeats a secret in its complaint', () => {
    expect(problemsOf({ ...required, CASTELLAN_ADMIN_SECRET: 'hunter2' }).join()).not.toContain('hunter2');
  });

  it('takes secrets from files that are named instead', () => {
    const folder = mkdtempSync(join(tmpdir(), 'castellan-config-'));
    const write = (name: string, content: string): string => {
      writeFileSync(join(folder, name), content);
      return join(folder, name);
    };
    const { CASTELLAN_API_PORT, ...files } = {
      CASTELLAN_API_PORT: '1',
      ...Object.fromEntries(
        Object.entries(required).map(([name, value]) => [`${name}_FILE`, write(name, `${value}\n`)] as const),
      ),
    };
    expect(loadApiConfig(files)).toEqual(loadApiConfig(required));
    expect(configurationNotes(files)).toEqual([]);
    const both = {
      ...required,
      CASTELLAN_NODE_SECRET_FILE: write('n', 'x'),
      CASTELLAN_ADMIN_SECRET: '',
      CASTELLAN_API_PORT,
    };
    expect(problemsOf({ ...both, CASTELLAN_ADMIN_SECRET_FILE: join(folder, 'none') })).toEqual([
      'CASTELLAN_ADMIN_SECRET_FILE names a file that cannot be read (ENOENT)',
      'CASTELLAN_NODE_SECRET and CASTELLAN_NODE_SECRET_FILE are both set; set one',
    ]);
    // Only what is secret is read from files.
    expect(loadApiConfig({ ...required, CASTELLAN_PAGE_SIZE_FILE: write('p', '7') }).pageSize).toBe(10);
    rmSync(folder, { recursive: true });
  });

  it('takes more admin secrets, each with its name', () => {
    const secrets = (text: string) => ({ ...required, CASTELLAN_ADMIN_SECRETS: text });
    const text = '# people\nada:a-secret-of-ada-000, ci:one-secret-of-ci-000\n\nci:another:secret-of-ci';
    expect(loadApiConfig(secrets(text)).adminSecrets).toEqual([
      { name: 'ada', secret: 'a-secret-of-ada-000' },
      { name: 'ci', secret: 'one-secret-of-ci-000' },
      { name: 'ci', secret: 'another:secret-of-ci' },
    ]);
    const one = (n: number): string => `ci:a-secret-of-ci-number-${n}`;
    for (const wrong of [
      'ada',
      'ada:hunter2',
      'a b:a-secret-of-ada-000',
      'ada:with a space inside',
      `${one(1)},${one(1)}`,
    ]) {
      const problems = problemsOf(secrets(wrong));
      expect(problems).toEqual([expect.stringMatching(/^CASTELLAN_ADMIN_SECRETS has/)]);
      expect(problems.join()).not.toMatch(/hunter2|a-secret|inside/);
    }
    expect(problemsOf(secrets([one(1), one(2), one(3)].join()))).toEqual([
      'CASTELLAN_ADMIN_SECRETS has more than 2 secrets of the name ci',
    ]);
  });

  it('takes an empty variable for an unset one', () => {
    expect(loadApiConfig({ ...required, CASTELLAN_PAGE_SIZE: '' }).pageSize).toBe(10);
    expect(problemsOf({ ...required, CASTELLAN_MONGODB_URI: '' })).toEqual(['CASTELLAN_MONGODB_URI is required']);
  });

  it('gives the host manager no secret of the API, and demands the gateway secret with a list of nodes', () => {
    const environment = {
      CASTELLAN_MONGODB_URI: required.CASTELLAN_MONGODB_URI,
      CASTELLAN_REDIS_URL: required.CASTELLAN_REDIS_URL,
      CASTELLAN_HOST_MANAGER_NODES: 'http://127.0.0.1:8080/, http://127.0.0.1:8081',
    };
    expect(problemsOf(environment, loadHostManagerConfig)).toEqual([
      'CASTELLAN_GATEWAY_SECRET is required when CASTELLAN_HOST_MANAGER_NODES is set',
    ]);
    const config = loadHostManagerConfig({ ...environment, CASTELLAN_GATEWAY_SECRET: 'x', ...required });
    expect(config.hostManagerNodes).toEqual(['http://127.0.0.1:8080', 'http://127.0.0.1:8081']);
    expect(config).not.toHaveProperty('adminSecret');
  });

  it('takes a service link of Kubernetes for no setting, and reads the port that is one', () => {
    const links = {
      CASTELLAN_API_PORT: 'tcp://10.43.12.7:3000',
      CASTELLAN_API_PORT_3000_TCP: 'tcp://10.43.12.7:3000',
      CASTELLAN_API_PORT_3000_TCP_ADDR: '10.43.12.7',
      CASTELLAN_API_SERVICE_HOST: '10.43.12.7',
      CASTELLAN_API_SERVICE_PORT: '3000',
      CASTELLAN_HOST_MANAGER_PORT: 'tcp://10.43.12.8:3010',
      CASTELLAN_HOST_MANAGER_SERVICE_HOST: '10.43.12.8',
    };
    expect(loadApiConfig({ ...required, ...links }).apiPort).toBe(3000);
    expect(loadHostManagerConfig({ ...required, ...links }).hostManagerPort).toBe(3010);
    expect(loadApiConfig({ ...required, ...links, CASTELLAN_API_PORT: '3001' }).apiPort).toBe(3001);
    expect(problemsOf({ ...required, CASTELLAN_API_PORT: 'http://10.43.12.7:3000' })).toHaveLength(1);
  });

  it('knows two ways of taking nonces', () => {
    expect(loadApiConfig(required).nodeNonces).toBe('lenient');
    expect(loadApiConfig({ ...required, CASTELLAN_NODE_NONCES: 'strict' }).nodeNonces).toBe('strict');
    expect(problemsOf({ ...required, CASTELLAN_NODE_NONCES: 'loose' })).toEqual([
      'CASTELLAN_NODE_NONCES must be lenient or strict',
    ]);
  });

  it('names each entry of a list that is no URL', () => {
    expect(
      problemsOf(
        { ...required, CASTELLAN_HOST_MANAGER_NODES: 'gateway:8080', CASTELLAN_GATEWAY_SECRET: 'x' },
        loadHostManagerConfig,
      ),
    ).toEqual(['CASTELLAN_HOST_MANAGER_NODES "gateway:8080" is not an http:// or https:// URL']);
  });

  it.each([
    ['0', false],
    ['2', 2],
    ['10.0.0.0/8, ::1,loopback', ['10.0.0.0/8', '::1', 'loopback']],
  ])('takes %s for the proxies to trust', (value, expected) => {
    expect(loadApiConfig({ ...required, CASTELLAN_TRUST_PROXY: value }).trustProxy).toEqual(expected);
  });

  it.each(['true', '10.0.0.0/33', '10.0.0', '99', 'proxy.internal', '10.0.0.1,'])(
    'refuses %s, with which callers could choose their address',
    (value) => {
      expect(problemsOf({ ...required, CASTELLAN_TRUST_PROXY: value })).toHaveLength(1);
    },
  );
});
