import { createServer } from 'node:http';
import { loadHostManagerConfig } from '@castellan/config';
import { FakeGateway } from '../../test/fake-gateway';
import { GatewayClient } from './gateway-client';

const secret = 'gateway-secret';

const clientWith = (gatewaySecret: string, timeoutMs = 5_000): GatewayClient =>
  new GatewayClient(
    loadHostManagerConfig({
      CASTELLAN_MONGODB_URI: 'mongodb://127.0.0.1/x',
      CASTELLAN_REDIS_URL: 'redis://127.0.0.1/0',
      CASTELLAN_GATEWAY_SECRET: gatewaySecret,
      CASTELLAN_RELOAD_TIMEOUT_MS: String(timeoutMs),
    }),
  );

describe('GatewayClient', () => {
  let gateway: FakeGateway;

  beforeEach(async () => {
    gateway = await FakeGateway.start(secret);
  });
  afterEach(() => gateway.stop());

  it('asks for a reload that answers when it is done', async () => {
    await clientWith(secret).reload(gateway.url);
    expect(gateway.reloads).toEqual(['/tyk/reload/?block=true']);
  });

  it('says that the secret was refused, without saying the secret', async () => {
    const attempt = clientWith('wrong-gateway-secret').reload(gateway.url);
    await expect(attempt).rejects.toThrow('The gateway refused the secret in CASTELLAN_GATEWAY_SECRET');
    expect(gateway.reloads).toEqual([]);
  });

  it.each([
    ['error', 'The gateway answered 500: {"status":"error","message":"out of order"}'],
    ['not json', 'The gateway answered 200: <html>'],
  ] as const)('repeats what a gateway says whose answer is %s', async (answer, message) => {
    gateway.answers = [answer];
    await expect(clientWith(secret).reload(gateway.url)).rejects.toThrow(message);
  });

  it.each(['silent', 'stalled'] as const)('gives up on a gateway that is %s', async (answer) => {
    gateway.answers = [answer];
    await expect(clientWith(secret, 100).reload(gateway.url)).rejects.toThrow('No answer within 100 ms');
  });

  it('says why a gateway cannot be reached', async () => {
    const { url } = gateway;
    await gateway.stop();
    await expect(clientWith(secret).reload(url)).rejects.toThrow(/^Not reachable: .*ECONNREFUSED/);
  });

  it('does not carry the secret to wherever a gateway points', async () => {
    const pointing = createServer((_, response) => {
      response.writeHead(302, { location: `${gateway.url}/tyk/reload/?block=true` }).end();
    });
    await new Promise<void>((resolve) => pointing.listen(0, '127.0.0.1', resolve));
    try {
      const address = pointing.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      await expect(clientWith(secret).reload(`http://127.0.0.1:${port}`)).rejects.toThrow('The gateway answered 302');
      expect(gateway.reloads).toEqual([]);
    } finally {
      pointing.close();
    }
  });

  it('reads the version, or knows none', async () => {
    const client = clientWith(secret);
    expect(await client.version(gateway.url)).toBe('v5.2.5');
    gateway.version = null;
    expect(await client.version(gateway.url)).toBeNull();
    const { url } = gateway;
    await gateway.stop();
    expect(await client.version(url)).toBeNull();
  });
});
