import { runInNewContext } from 'node:vm';
import { apps, exampleOf, hasCredentials, isSecretName, reads, settings } from './apps';
import { compose, dockerfileOf, interpolate, referencesIn, serviceOf, type Service } from './compose';
import { environmentOf, stagesOf, type Stage } from './dockerfile';
import { probe } from './probe';
import { isPinned, version } from './repository';

const services = Object.entries(compose.services);
const each = services.map(([name, service]) => ({ name, service }));

/** Variables beside the settings that the user may set, for where the gateway is published. */
const otherVariables = ['TYK_GATEWAY_HOST', 'TYK_GATEWAY_PORT'];

const textsIn = ({ environment, ports, command = [] }: Service): string[] => [
  ...Object.values(environment),
  ...ports,
  ...command,
];

const stageOf = (service: Service): Stage => {
  const stage = stagesOf(dockerfileOf(service)).find(({ name }) => name === service.build?.target);
  if (stage === undefined) throw new Error(`${dockerfileOf(service)} has no stage ${service.build?.target ?? ''}`);
  return stage;
};

/** The port that a service listens on inside its container. */
const portOf = (name: string): string => {
  const app = apps.find((candidate) => candidate.name === name);
  if (app !== undefined) return environmentOf(stageOf(serviceOf(name)))[app.portVariable] ?? '';
  const listening: Record<string, string> = {
    redis: '6379',
    mongodb: '27017',
    'tyk-gateway': serviceOf('tyk-gateway').environment['TYK_GW_LISTENPORT'] ?? '',
  };
  return listening[name] ?? '';
};

const onOneNetwork = (a: string, b: string): boolean =>
  serviceOf(a).networks.some((network) => serviceOf(b).networks.includes(network));

/** That the URL leads from one service to the port of another one. */
const expectUrl = (from: string, url: string | undefined, to: string): void => {
  const { hostname, port } = new URL(url ?? '');
  expect({ hostname, port }).toEqual({ hostname: to, port: portOf(to) });
  expect(onOneNetwork(from, to)).toBe(true);
};

describe('the services of deploy/compose.yaml', () => {
  it.each(each)('$name: pinned image, no privileges, networks and volumes that are declared', ({ service }) => {
    expect(isPinned(interpolate(service.image, () => ''))).toBe(true);
    expect(service.privileged).toBe(false);
    expect(service.user).not.toBe('root');
    expect(service.networks.filter((network) => !(network in compose.networks))).toEqual([]);
    const named = service.volumes.map((volume) => volume.split(':')[0] ?? '');
    expect(named.filter((volume) => !(volume in compose.volumes))).toEqual([]);
  });

  it.each(each)('$name: waits for services that there are, and for health only where it is checked', ({ service }) => {
    for (const [needed, { condition }] of Object.entries(service.depends_on)) {
      expect(['service_healthy', 'service_started']).toContain(condition);
      if (condition === 'service_healthy') expect(serviceOf(needed).healthcheck).toBeDefined();
      else expect(compose.services).toHaveProperty([needed]);
    }
  });

  it.each(each)('$name: holds no secret, and gives none a default', ({ service }) => {
    const secrets = Object.entries(service.environment).filter(([name]) => isSecretName(name));
    for (const [, value] of secrets) expect(value).toMatch(/^\$\{\w+:\?[^}]+\}$/);
    const references = textsIn(service).flatMap(referencesIn);
    expect(references.filter(({ name, operator }) => isSecretName(name) && operator !== ':?')).toEqual([]);
    expect(textsIn(service).filter(hasCredentials)).toEqual([]);
  });

  it.each(each)('$name: asks the user for nothing but settings', ({ service }) => {
    const asked = textsIn(service).flatMap(referencesIn);
    expect(asked.filter(({ name }) => !settings.has(name) && !otherVariables.includes(name))).toEqual([]);
  });

  it('publishes the API and the gateway alone, on the loopback unless told otherwise', () => {
    const published = services.flatMap(([name, { ports }]) =>
      ports.map((text) => ({ name, port: interpolate(text, () => '') })),
    );
    expect(published).toEqual([
      { name: 'api', port: `127.0.0.1:3000:${portOf('api')}` },
      { name: 'tyk-gateway', port: `127.0.0.1:8080:${portOf('tyk-gateway')}` },
    ]);
  });

  it('lets nobody but the two apps reach MongoDB', () => {
    const onStore = services.filter(([, { networks }]) => networks.includes('store')).map(([name]) => name);
    expect(onStore.sort()).toEqual(['api', 'host-manager', 'mongodb']);
    expect(compose.networks['store']?.internal).toBe(true);
  });
});

describe.each(apps)('the service $name', (app) => {
  const service = serviceOf(app.name);
  const given = { ...environmentOf(stageOf(service)), ...service.environment };
  const environment = Object.fromEntries(
    Object.entries(given).map(([name, value]) => [name, interpolate(value, exampleOf)]),
  );

  it('is built from its own Dockerfile, and named after this version', () => {
    expect(dockerfileOf(service)).toBe(app.dockerfile);
    expect(service.image).toBe(`castellan-${app.name}:${version}`);
  });

  it('is given only settings that it reads, and every one that it needs', () => {
    expect(Object.keys(service.environment).filter((name) => !reads(app, name))).toEqual([]);
    expect(() => app.load(environment)).not.toThrow();
  });

  it('finds MongoDB, by the replica set that it is, and Redis', () => {
    const mongodb = new URL(service.environment['CASTELLAN_MONGODB_URI'] ?? '');
    expectUrl(app.name, mongodb.href, 'mongodb');
    const command = serviceOf('mongodb').command ?? [];
    expect(mongodb.searchParams.get('replicaSet')).toBe(command[command.indexOf('--replSet') + 1]);
    expectUrl(app.name, service.environment['CASTELLAN_REDIS_URL'], 'redis');
    // The API is there first, so that gateways that load when Redis comes find somebody who answers.
    if (app.name === 'api') {
      expect(service.depends_on).toEqual({});
      expect(serviceOf('redis').depends_on).toEqual({ api: { condition: 'service_started' } });
    } else {
      for (const needed of ['mongodb', 'redis'])
        expect(service.depends_on).toHaveProperty([needed, 'condition'], 'service_healthy');
    }
  });

  it('can write nowhere and has no capabilities', () => {
    expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'] });
  });

  it.each([
    [200, 0],
    [503, 1],
    [null, 1],
  ])('is healthy when /health/ready answers %p: exit code %p', async (status, code) => {
    const [kind, command, flag, script = ''] = service.healthcheck?.test ?? [];
    expect([kind, command, flag]).toEqual(['CMD', 'node', '-e']);
    expect(script).toContain(`http://127.0.0.1:${portOf(app.name)}/`);
    const result = await probe((port) => ({ script: script.replace(portOf(app.name), port) }), status);
    expect(result).toEqual({ code, asked: status === null ? [] : ['/health/ready'] });
  });
});

describe('the service tyk-gateway', () => {
  const { environment } = serviceOf('tyk-gateway');

  it('takes its APIs and its policies from the API', () => {
    expect(environment).toMatchObject({
      TYK_GW_USEDBAPPCONFIGS: 'true',
      TYK_GW_DISABLEDASHBOARDZEROCONF: 'true',
      TYK_GW_POLICIES_POLICYSOURCE: 'service',
      TYK_GW_ALLOWINSECURECONFIGS: 'false',
    });
    expectUrl('tyk-gateway', environment['TYK_GW_DBAPPCONFOPTIONS_CONNECTIONSTRING'], 'api');
    expectUrl('tyk-gateway', environment['TYK_GW_POLICIES_POLICYCONNECTIONSTRING'], 'api');
  });

  it('uses the Redis of the apps', () => {
    expect(environment['TYK_GW_STORAGE_TYPE']).toBe('redis');
    const storage = `redis://${environment['TYK_GW_STORAGE_HOST'] ?? ''}:${environment['TYK_GW_STORAGE_PORT'] ?? ''}`;
    expectUrl('tyk-gateway', storage, 'redis');
  });

  it('shares its secrets with the app that needs each', () => {
    expect(environment['TYK_GW_NODESECRET']).toBe(serviceOf('api').environment['CASTELLAN_NODE_SECRET']);
    expect(environment['TYK_GW_SECRET']).toBe(serviceOf('host-manager').environment['CASTELLAN_GATEWAY_SECRET']);
  });

  it('is reloaded by the host manager', () => {
    expectUrl('host-manager', serviceOf('host-manager').environment['CASTELLAN_HOST_MANAGER_NODES'], 'tyk-gateway');
  });

  it('is asked for its health by its neighbour', () => {
    const check = serviceOf('tyk-gateway-health').healthcheck?.test.join(' ') ?? '';
    const url = /http:\S+/.exec(check)?.[0];
    expectUrl('tyk-gateway-health', url, 'tyk-gateway');
    expect(new URL(url ?? '').pathname).toBe('/hello');
  });
});

describe('the health check of mongodb', () => {
  const script = serviceOf('mongodb').healthcheck?.test.at(-1) ?? '';

  /** Runs it in a shell like mongosh's, and tells what it did. */
  const run = (state: 'fresh' | 'primary' | 'secondary' | 'broken'): { code: unknown; initiated: unknown[] } => {
    const initiated: unknown[] = [];
    let code: unknown = null;
    const status = (): void => {
      if (state === 'fresh') throw Object.assign(new Error('no replset config'), { codeName: 'NotYetInitialized' });
      if (state === 'broken') throw Object.assign(new Error('requires authentication'), { codeName: 'Unauthorized' });
    };
    runInNewContext(script, {
      rs: { status, initiate: (configuration: unknown) => initiated.push(configuration) },
      db: { hello: () => ({ isWritablePrimary: state === 'primary' }) },
      quit: (given: unknown) => {
        code = given;
      },
    });
    return { code, initiated };
  };

  it('makes the replica set where there is none, with a member that the apps can reach', () => {
    const { code, initiated } = run('fresh');
    expect(code).toBe(1);
    const [command = [], name] = [serviceOf('mongodb').command, '--replSet'];
    expect(initiated).toEqual([
      { _id: command[command.indexOf(name) + 1], members: [{ _id: 0, host: `mongodb:${portOf('mongodb')}` }] },
    ]);
  });

  it('then only says whether writes are taken', () => {
    expect(run('primary')).toEqual({ code: 0, initiated: [] });
    expect(run('secondary')).toEqual({ code: 1, initiated: [] });
  });

  it('does not take another error for a missing replica set', () => {
    expect(() => run('broken')).toThrow('requires authentication');
  });
});
