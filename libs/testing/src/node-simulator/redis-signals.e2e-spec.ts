import { Redis } from 'ioredis';
import { eventually } from '../eventually';
import { RedisSignals } from './redis-signals';
import { signalChannel } from './signals';

const urls = (process.env['CASTELLAN_TEST_REDIS_URLS'] ?? '').split(',').filter((url) => url !== '');
const url = urls[(Number(process.env['JEST_WORKER_ID'] ?? 1) - 1) % urls.length];

describe('RedisSignals', () => {
  if (url === undefined) throw new Error('CASTELLAN_TEST_REDIS_URLS must name a Redis');
  const redis = new Redis(url);
  const open: RedisSignals[] = [];
  const signals = (at = url): RedisSignals => {
    const made = new RedisSignals(at, 10);
    open.push(made);
    return made;
  };
  afterEach(async () => {
    await Promise.all(open.splice(0).map((each) => each.close()));
  });
  afterAll(() => {
    redis.disconnect();
  });

  it('hears what others publish, and what it publishes itself', async () => {
    const [one, other] = [signals(), signals()];
    const heard: string[] = [];
    await one.subscribe((message) => heard.push(message));
    expect(one.connected).toBe(true);
    await redis.publish(signalChannel, 'from-redis');
    await other.publish('from-other');
    await one.publish('from-itself');
    await eventually(() => heard.length === 3, { describe: 'three messages' });
    expect(new Set(heard)).toEqual(new Set(['from-redis', 'from-other', 'from-itself']));
  });

  it('subscribes again after its connection was lost', async () => {
    const one = signals();
    const heard: string[] = [];
    await one.subscribe((message) => heard.push(message));
    await redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await eventually(
      async () => {
        await redis.publish(signalChannel, 'again');
        return heard.includes('again');
      },
      { describe: 'a message after the loss' },
    );
  });

  it('says that nothing listens, and can still be closed', async () => {
    const one = signals('redis://127.0.0.1:1');
    await expect(one.subscribe(() => undefined)).rejects.toThrow('ECONNREFUSED');
    expect(one.connected).toBe(false);
  });
});
