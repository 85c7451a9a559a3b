import { loadHostManagerConfig } from '@castellan/config';
import { createLogger } from '@castellan/observability';
import { FakeApi } from '../../test/fake-api';
import { answersReady, ApiClient } from './api-client';

describe('ApiClient', () => {
  let api: FakeApi;
  let client: ApiClient;
  let lines: string[];

  beforeEach(async () => {
    api = await FakeApi.start();
    lines = [];
    const config = loadHostManagerConfig({
      CASTELLAN_MONGODB_URI: 'mongodb://127.0.0.1/x',
      CASTELLAN_REDIS_URL: 'redis://127.0.0.1/0',
      CASTELLAN_API_URL: api.url,
    });
    const logger = createLogger('test', 'info', { write: (line) => lines.push(line) });
    client = new ApiClient(config, logger);
  });
  afterEach(() => api.stop());

  it.each([
    [200, true],
    [503, false],
    ['cut', false],
  ] as const)('takes an API that answers %s for ready: %s', async (answer, ready) => {
    api.answer = answer;
    expect(await client.isReady()).toBe(ready);
    expect(api.asked).toBeGreaterThan(0);
  });

  it('does not wait for ever for one that does not answer', async () => {
    api.answer = 'silent';
    expect(await answersReady(api.url, 50)).toBe(false);
  });

  it('takes an API that is not there for one that is not ready', async () => {
    await api.stop();
    expect(await client.isReady()).toBe(false);
    api = await FakeApi.start();
  });

  it('asks anew each time, and says once that it is away and once that it is back', async () => {
    for (const answer of [200, 503, 503, 200, 200] as const) {
      api.answer = answer;
      expect(await client.isReady()).toBe(answer === 200);
    }
    expect(api.asked).toBe(5);
    expect(lines.map((line) => /"msg":"([^;,"]*)/.exec(line)?.[1])).toEqual([
      'The API is not ready',
      'The API is ready again',
    ]);
  });
});
