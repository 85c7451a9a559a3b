import { loadHostManagerConfig } from '@castellan/config';
import { Inventory } from './inventory';

const inventoryOf = (nodes: string): Inventory =>
  new Inventory(
    loadHostManagerConfig({
      CASTELLAN_MONGODB_URI: 'mongodb://127.0.0.1/x',
      CASTELLAN_REDIS_URL: 'redis://127.0.0.1/0',
      CASTELLAN_GATEWAY_SECRET: 'gateway-secret',
      CASTELLAN_HOST_MANAGER_NODES: nodes,
    }),
  );

describe('Inventory', () => {
  it('knows each control URL, without a slash at its end, and the address it stands for', async () => {
    const targets = await inventoryOf('http://127.0.0.1:8080/, http://127.0.0.1:8081').targets();
    expect(targets).toEqual([
      { url: 'http://127.0.0.1:8080', host: '127.0.0.1', addresses: ['127.0.0.1'] },
      { url: 'http://127.0.0.1:8081', host: '127.0.0.1', addresses: ['127.0.0.1'] },
    ]);
  });

  it('keeps a host that cannot be resolved, so that its failure is seen', async () => {
    expect(await inventoryOf('http://no-such-host.invalid:8080').targets()).toEqual([
      { url: 'http://no-such-host.invalid:8080', host: 'no-such-host.invalid', addresses: [] },
    ]);
  });

  it('takes IPv6 addresses', async () => {
    expect(await inventoryOf('http://[::1]:8080').targets()).toEqual([
      { url: 'http://[::1]:8080', host: '[::1]', addresses: ['::1'] },
    ]);
  });

  it('has nothing to look after when nothing is configured', async () => {
    expect(await inventoryOf('').targets()).toEqual([]);
  });
});
