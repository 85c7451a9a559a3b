import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { eventually } from '../eventually';
import { NodeStopped } from './lifecycle';
import { DashboardClient } from './dashboard-client';
import { settingsOf } from './options';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((close) => close()));
});

const isAddress = (address: AddressInfo | string | null): address is AddressInfo => typeof address === 'object';

const clientFor = async (handler: Handler, requestTimeoutMs = 5000): Promise<DashboardClient> => {
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (!isAddress(address)) throw new Error('no port');
  const settings = settingsOf({
    dashboardUrl: `http://127.0.0.1:${address.port}`,
    nodeSecret: 'n',
    gatewaySecret: 'g',
    requestTimeoutMs,
  });
  const client = new DashboardClient(settings, { nodeId: 'id', nonce: 'nonce', registered: true, sessionId: 's' });
  open.push(async () => {
    client.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return client;
};

describe('DashboardClient', () => {
  it('asks once more when a kept connection turns out to be closed, as Go does', async () => {
    const used = new Set<Socket>();
    const client = await clientFor((request, response) => {
      if (used.has(request.socket)) {
        request.socket.destroy();
        return;
      }
      used.add(request.socket);
      response.end('answer');
    });
    expect(await client.call('ping')).toEqual({ status: 200, body: 'answer' });
    expect(await client.call('ping')).toEqual({ status: 200, body: 'answer' });
    expect(used.size).toBe(2);
  });

  it('does not ask twice on a fresh connection', async () => {
    let calls = 0;
    const client = await clientFor((request) => {
      calls += 1;
      request.socket.destroy();
    });
    await expect(client.call('ping')).rejects.toThrow();
    expect(calls).toBe(1);
  });

  it('fails when the body breaks off', async () => {
    const client = await clientFor((request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half', () => request.socket.destroy());
    });
    await expect(client.call('apis')).rejects.toThrow();
  });

  it('gives up on a dashboard that does not answer', async () => {
    const client = await clientFor(() => undefined, 20);
    await expect(client.call('apis')).rejects.toThrow('no answer');
  });

  it('ends calls under way when it is closed', async () => {
    let arrived = false;
    const client = await clientFor(() => {
      arrived = true;
    });
    const call = client.call('apis');
    await eventually(() => arrived);
    client.close();
    await expect(call).rejects.toThrow(NodeStopped);
    await expect(client.call('ping')).rejects.toThrow(NodeStopped);
  });
});

it('settingsOf refuses an address that is not http', () => {
  const secrets = { nodeSecret: 'n', gatewaySecret: 'g' };
  expect(() => settingsOf({ ...secrets, dashboardUrl: 'https://x' })).toThrow('must start with http://');
  expect(() => settingsOf({ ...secrets, dashboardUrl: [] })).toThrow('needs the address');
});
