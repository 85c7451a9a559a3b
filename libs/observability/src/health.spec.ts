import { Health } from './health';

describe('Health', () => {
  it('is ok when every check answers', async () => {
    const health = new Health({ mongodb: () => Promise.resolve('PONG'), redis: () => Promise.resolve() });
    expect(await health.readiness()).toEqual({ status: 'ok', checks: { mongodb: 'ok', redis: 'ok' } });
  });

  it('says which check failed, whether it rejects or throws', async () => {
    const health = new Health({
      mongodb: () => Promise.reject(new Error('down')),
      redis: () => {
        throw new Error('down');
      },
      disk: () => Promise.resolve(),
    });
    expect(await health.readiness()).toEqual({
      status: 'error',
      checks: { mongodb: 'error', redis: 'error', disk: 'ok' },
    });
  });

  it('does not wait for ever for a check that never answers', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] });
    try {
      const health = new Health({ mongodb: () => new Promise(() => undefined) });
      const report = health.readiness();
      await jest.advanceTimersByTimeAsync(2_000);
      expect((await report).checks).toEqual({ mongodb: 'error' });
    } finally {
      jest.useRealTimers();
    }
  });

  it('says no from the moment it is told to stop, though everything works', async () => {
    const health = new Health({ redis: () => Promise.resolve() });
    health.beginShutdown();
    expect(await health.readiness()).toEqual({ status: 'shutting_down', checks: { redis: 'ok' } });
  });
});
