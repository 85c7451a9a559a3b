import { createServer } from 'node:net';
import { Redis } from 'ioredis';
import mongoose from 'mongoose';
import { isOutage } from './outage';

/** A port on which nobody listens. */
const closedPort = async (): Promise<number> => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== 'object' || address === null) throw new Error('No port');
  return address.port;
};

const errorOf = (attempt: Promise<unknown>): Promise<unknown> =>
  attempt.then(
    () => null,
    (error: unknown) => error,
  );

describe('isOutage', () => {
  it('recognises a MongoDB that is not there', async () => {
    const uri = `mongodb://127.0.0.1:${await closedPort()}/?directConnection=true`;
    const client = new mongoose.mongo.MongoClient(uri, { serverSelectionTimeoutMS: 50 });
    try {
      expect(isOutage(await errorOf(client.db('x').collection('x').findOne({})))).toBe(true);
    } finally {
      await client.close();
    }
  });

  it('recognises a command that was held back for a connection that never came', async () => {
    const connection = mongoose.createConnection();
    const model = connection.model('Held', new mongoose.Schema({}, { bufferTimeoutMS: 20 }));
    expect(isOutage(await errorOf(model.findOne({}).exec()))).toBe(true);
    // A write begins with a session, which is held back by other words.
    const uri = `mongodb://127.0.0.1:${await closedPort()}/`;
    const limits = { serverSelectionTimeoutMS: 1_000, bufferTimeoutMS: 20 };
    const other = mongoose.createConnection(uri, limits);
    const opening = errorOf(other.asPromise());
    const held = await errorOf(other.startSession());
    expect(String(held)).toContain('buffering timed out');
    expect(isOutage(held)).toBe(true);
    await opening;
    await Promise.all([connection.close(), other.close()]);
  });

  it('recognises a primary that steps down, and a transaction that has to begin again', () => {
    for (const label of ['RetryableWriteError', 'TransientTransactionError']) {
      expect(isOutage(new mongoose.mongo.MongoServerError({ message: 'no', errorLabels: [label] }))).toBe(true);
    }
    expect(isOutage(new mongoose.mongo.MongoServerError({ message: 'no', errorLabels: ['Other'] }))).toBe(false);
  });

  it('recognises a Redis that is not there, and one that was left', async () => {
    const redis = new Redis(await closedPort(), '127.0.0.1', {
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      retryStrategy: () => null,
    });
    const failures: unknown[] = [];
    redis.on('error', (error: unknown) => failures.push(error));
    const early = await errorOf(redis.ping());
    await new Promise((resolve) => redis.once('end', resolve));
    const late = await errorOf(redis.ping());
    expect(failures).not.toHaveLength(0);
    expect([early, late, ...failures].map(isOutage)).not.toContain(false);
  });

  it('recognises a connection that breaks in the middle of a command', () => {
    const broken = Object.assign(new Error('This socket has been ended by the other party'), { code: 'EPIPE' });
    expect(isOutage(broken)).toBe(true);
  });

  it('does not take a mistake of ours for an outage', () => {
    expect(isOutage(new TypeError('x is not a function'))).toBe(false);
    expect(isOutage(Object.assign(new Error('E11000 duplicate key'), { name: 'MongoServerError', code: 11000 }))).toBe(
      false,
    );
    expect(isOutage('ECONNREFUSED')).toBe(false);
    expect(isOutage(undefined)).toBe(false);
  });
});
