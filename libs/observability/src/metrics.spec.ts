import { Metrics } from './metrics';

describe('Metrics', () => {
  it('shows the runtime, the event loop included, under the name of the service', async () => {
    const { contentType, body } = await new Metrics('api').text();
    expect(contentType).toContain('text/plain');
    expect(body).toMatch(/^nodejs_eventloop_lag_p99_seconds\{service="api"\} /m);
  });

  it('asks a gauge for its value at each scrape, and forgets what is no longer there', async () => {
    const metrics = new Metrics('api');
    let readings = [{ labels: { state: 'behind' }, value: 2 }];
    metrics.gauge('castellan_test', 'help', ['state'], () => Promise.resolve(readings));
    expect((await metrics.text()).body).toContain('castellan_test{state="behind",service="api"} 2');
    readings = [{ labels: { state: 'in_sync' }, value: 3 }];
    const { body } = await metrics.text();
    expect(body).toContain('castellan_test{state="in_sync",service="api"} 3');
    expect(body).not.toContain('behind');
  });

  it('leaves out a gauge whose source fails, and shows the rest', async () => {
    const metrics = new Metrics('api');
    metrics.gauge('castellan_broken', 'help', [], () => Promise.reject(new Error('down')));
    metrics.gauge('castellan_good', 'help', [], () => Promise.resolve([{ labels: {}, value: 1 }]));
    const { body } = await metrics.text();
    expect(body).toContain('castellan_good{service="api"} 1');
    expect(body).not.toMatch(/^castellan_broken\{/m);
  });
});
