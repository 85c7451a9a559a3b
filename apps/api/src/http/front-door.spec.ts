import { once } from 'node:events';
import { connect } from 'node:net';
import fastify, { type FastifyInstance } from 'fastify';
import { eventually } from '@castellan/testing';
import { FrontDoor } from './front-door';

describe('FrontDoor', () => {
  let door: FrontDoor;
  let application: FastifyInstance;
  let finish: () => void;

  beforeEach(async () => {
    door = new FrontDoor();
    application = fastify({ serverFactory: door.serverFactory });
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    application.get('/now', () => 'answered');
    application.get('/later', async () => {
      await finished;
      return 'answered';
    });
    application.addHook('preClose', () => door.close());
    await door.listen(0, '127.0.0.1');
  });
  afterEach(async () => {
    finish();
    await application.close();
    await door.leave();
  });

  const get = async (path: string, method = 'GET'): Promise<[number, string]> => {
    const reply = await fetch(`${door.url}${path}`, { method });
    return [reply.status, await reply.text()];
  };
  const opened = async (): Promise<void> => {
    await application.ready();
    door.open();
  };

  it('answers 503 before the application is there, in words that start no recovery', async () => {
    for (const path of ['/now', '/system/policies', '/system/apis', '/register/node', '/register/ping']) {
      const reply = await fetch(`${door.url}${path}`);
      const text = await reply.text();
      expect([reply.status, reply.headers.get('retry-after')]).toEqual([503, '1']);
      expect(JSON.parse(text)).toMatchObject({ Status: 'Error', Code: 'unavailable', Meta: null });
      expect(text).not.toMatch(/nonce|No node ID Found/i);
    }
    expect((await get('/now', 'POST'))[0]).toBe(503);
  });

  it('says that the process lives, and is not ready', async () => {
    expect(await get('/health/live')).toEqual([200, '{"status":"ok","checks":{}}']);
    expect(await get('/health/ready/')).toEqual([503, '{"status":"starting","checks":{}}']);
  });

  it('lets the application answer once it is open', async () => {
    await opened();
    expect(await get('/now')).toEqual([200, 'answered']);
  });

  it('answers what has begun, and 503 to others, while and after the application closes', async () => {
    await opened();
    const begun = get('/later');
    await eventually(() => door.busy === 1);
    const closed = application.close();
    await eventually(async () => (await get('/now'))[0] === 503);
    expect(await get('/health/ready')).toEqual([503, '{"status":"stopping","checks":{}}']);
    expect((await get('/health/live'))[0]).toBe(200);
    finish();
    expect(await begun).toEqual([200, 'answered']);
    await closed;
    door.outlive();
    for (const path of ['/health/ready', '/health/live']) {
      expect(await get(path)).toEqual([503, '{"status":"stopped","checks":{}}']);
    }
    expect((await get('/system/apis'))[0]).toBe(503);
  });

  it('is there until it leaves', async () => {
    await opened();
    const { port } = new URL(door.url);
    await application.close();
    expect((await get('/now'))[0]).toBe(503);
    await door.leave();
    const probe = connect(Number(port), '127.0.0.1');
    const [error] = (await once(probe, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNREFUSED');
    await door.listen(0, '127.0.0.1');
  });

  it('does not wait for connections on which nothing has been asked, as browsers open them ahead', async () => {
    await opened();
    const { port } = new URL(door.url);
    const silent = connect(Number(port), '127.0.0.1');
    await once(silent, 'connect');
    // Whatever is asked afterwards has come after that connection.
    await get('/now');
    const ended = once(silent, 'close');
    await door.leave();
    await ended;
    await door.listen(0, '127.0.0.1');
  });

  it('fails to listen where somebody else does', async () => {
    const other = new FrontDoor();
    fastify({ serverFactory: other.serverFactory });
    await expect(other.listen(Number(new URL(door.url).port), '127.0.0.1')).rejects.toThrow('EADDRINUSE');
  });
});
