import { Redis } from 'ioredis';
import { loadHostManagerConfig } from '@castellan/config';
import { type ConfigurationChanged, redisKey, startTransport, transportEvents } from '@castellan/delivery';
import { createLogger } from '@castellan/observability';
import { eventually } from '@castellan/testing';
import { NOTIFICATION_CHANNEL, NOTIFICATION_COMMANDS, signNotification } from '@castellan/tyk';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { freshDatabaseUri, workerRedisUrl } from '../../../test/support/test-services';
import { createApp } from '../src/app';
import { RolloutService } from '../src/rollout/rollout.service';
import { FakeApi } from './fake-api';
import { FakeGateway } from './fake-gateway';

const secret = 'gateway-secret';

describe('what the host manager hears', () => {
  let app: NestFastifyApplication;
  let api: FakeApi;
  let gateway: FakeGateway;
  let redis: Redis;
  let rollout: RolloutService;

  beforeAll(async () => {
    [api, gateway] = [await FakeApi.start(), await FakeGateway.start(secret)];
    redis = new Redis(workerRedisUrl());
    await redis.flushall();
    const config = loadHostManagerConfig({
      CASTELLAN_MONGODB_URI: freshDatabaseUri(),
      CASTELLAN_REDIS_URL: workerRedisUrl(),
      CASTELLAN_GATEWAY_SECRET: secret,
      CASTELLAN_API_URL: api.url,
      CASTELLAN_HOST_MANAGER_NODES: gateway.url,
      CASTELLAN_HOST_MANAGER_DEBOUNCE_MS: '0',
      CASTELLAN_HOST_MANAGER_PATIENCE_MS: '100',
      // Only what it hears may lead to anything here.
      CASTELLAN_RECONCILE_MS: '3600000',
    });
    const logger = createLogger('host-manager', 'silent');
    app = await createApp(config, logger);
    await app.listen(0, '127.0.0.1');
    startTransport(app, logger);
    rollout = app.get(RolloutService);
    await eventually(async () => {
      const [, listeners] = await redis.pubsub('NUMSUB', transportEvents.configurationChanged);
      return listeners === 1;
    });
    // The look at the start reloads the gateway, since nobody knows what it runs.
    await eventually(() => gateway.reloads.length === 1 && rollout.idle);
  });
  afterAll(async () => {
    redis.disconnect();
    await app.close();
    await Promise.all([api.stop(), gateway.stop()]);
  });

  const changed: ConfigurationChanged = { reason: 'change', organisation: null, generation: 1, changes: [] };
  const tell = (data: unknown): Promise<number> => {
    const pattern = transportEvents.configurationChanged;
    return redis.publish(pattern, JSON.stringify({ pattern, data }));
  };

  it('makes it look at its gateways only for a change of what nodes load, whatever else is said to nodes or programs', async () => {
    const requests = jest.spyOn(rollout, 'request');
    const nodeSecret = 'secret-of-the-nodes';
    for (const command of NOTIFICATION_COMMANDS) {
      await redis.publish(NOTIFICATION_CHANNEL, signNotification({ command, payload: 'key', nodeSecret }));
    }
    for (const pattern of [transportEvents.certificateExpiring, transportEvents.nodeReloaded]) {
      await redis.publish(pattern, JSON.stringify({ pattern, data: { ...changed, url: gateway.url } }));
    }
    await redis.set(redisKey('anything'), 'changed');
    // Neither what cannot be read, nor a reason that nobody gives.
    for (const event of [null, {}, 'reload', { ...changed, reason: 'key' }, { ...changed, changes: 'all' }])
      await tell(event);
    expect(await tell(changed)).toBe(1);
    // Redis delivers to one listener in the order of the sending: what came before was heard before.
    await eventually(() => requests.mock.calls.length > 0 && rollout.idle);
    expect(requests.mock.calls).toEqual([['change']]);
  });

  it('reloads no gateway that runs the generation which it should run already', async () => {
    const before = gateway.reloads.length;
    await tell({ ...changed, generation: 2 });
    await eventually(() => rollout.idle);
    expect(gateway.reloads).toHaveLength(before);
  });
});
