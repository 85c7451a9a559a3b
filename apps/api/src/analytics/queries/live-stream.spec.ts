import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { LiveStream } from './live-stream';

const eventBytes = 256 * 1024;

describe('a live stream', () => {
  const server = createServer();
  const sockets: Socket[] = [];

  beforeAll(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });

  /** A reader, and the reply that it gets. */
  const reader = async (): Promise<{ readonly socket: Socket; readonly raw: ServerResponse }> => {
    const { port } = server.address() as AddressInfo;
    const socket = connect(port, '127.0.0.1').pause();
    sockets.push(socket);
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    const [, raw] = (await once(server, 'request')) as [unknown, ServerResponse];
    return { socket, raw };
  };

  it('leaves out what a slow reader does not take, holds no more of it, and lets go of who takes nothing for a minute; others get all', async () => {
    const slow = await reader();
    const quick = await reader();
    let taken = 0;
    quick.socket.on('data', (bytes) => {
      taken += bytes.length;
    });
    quick.socket.resume();
    const streams = [new LiveStream(slow.raw), new LiveStream(quick.raw)] as const;
    const skipped: number[] = [];
    let [sent, most] = [0, 0];
    while (!slow.raw.destroyed) {
      if (sent > 10_000) throw new Error('It goes on for ever');
      sent += 1;
      await streams[0].send(() => Promise.resolve('x'.repeat(eventBytes)));
      await streams[1].send((left) => {
        skipped.push(left);
        return Promise.resolve('x'.repeat(eventBytes));
      });
      most = Math.max(most, slow.raw.writableLength);
      while (quick.raw.writableLength > 0) await nextTurn();
    }
    expect(sent).toBeGreaterThanOrEqual(60);
    expect(most).toBeLessThan(eventBytes + 128 * 1024);
    expect([skipped.length, Math.max(...skipped)]).toEqual([sent, 0]);
    while (taken < sent * eventBytes) await nextTurn();
  });

  it('tells a reader who takes up again how many were left out', async () => {
    const { socket, raw } = await reader();
    const stream = new LiveStream(raw);
    const told: number[] = [];
    const event = (left: number): Promise<string> => {
      told.push(left);
      return Promise.resolve('x'.repeat(eventBytes));
    };
    let ticks = 0;
    for (; ticks - told.length < 3; ticks += 1) {
      await stream.send(event);
      await nextTurn();
    }
    socket.resume();
    while (raw.writableLength > 0) await nextTurn();
    await stream.send(event);
    expect(told.at(-1)).toBe(3);
    expect(raw.destroyed).toBe(false);
  });

  it('makes no event while the one before is still being made', async () => {
    const { socket, raw } = await reader();
    socket.resume();
    const stream = new LiveStream(raw);
    let finish = (_: string): void => undefined;
    const first = stream.send(() => new Promise((resolve) => (finish = resolve)));
    const second = jest.fn(() => Promise.resolve('second'));
    await stream.send(second);
    expect(second).not.toHaveBeenCalled();
    finish('first');
    await first;
    await stream.send(second);
    expect(second).toHaveBeenCalledTimes(1);
  });
});
