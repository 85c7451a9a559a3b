/** How fast records get from Redis into MongoDB, and answers out of it. */
import { createRequire } from 'node:module';
import { row } from './delivery.mjs';
import { call, until } from './lib/system.mjs';

const require = createRequire(import.meta.url);

/** @typedef {Awaited<ReturnType<typeof import('./lib/system.mjs').startSystem>>} System */

const list = 'analytics-tyk-system-analytics';
/** Documents that are inserted at once where nothing but inserting is measured: what the purger takes at most. */
const atOnce = 2_000;

/** What the API says of itself. @param {string} url @param {string} name */
const metric = async (url, name) => {
  const { text } = await call(`${url}/metrics`);
  const lines = text.split('\n').filter((line) => line.startsWith(name));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
};

/** Puts records of some traffic where gateways put them, all at the same moment. @param {System} system @param {number} count */
const record = async ({ redisUrl, organisationId }, count) => {
  const { Redis } = require('ioredis');
  const { encodeRecord, someTraffic } = require('../dist/libs/testing/src');
  const redis = new Redis(redisUrl);
  const hour = 3_600_000;
  const from = new Date(Math.floor(Date.now() / hour - 2) * hour);
  const records = someTraffic(count, organisationId, from, 2 * hour).map(encodeRecord);
  for (let at = 0; at < count; at += 1_000) await redis.rpush('bench:records', ...records.slice(at, at + 1_000));
  await redis.rename('bench:records', list);
  redis.disconnect();
};

/** Time in which MongoDB takes the same documents, with the same indexes, and nothing else. @param {any} db @param {string} from */
const insertAlone = async (db, from) => {
  const documents = await db.collection(from).find().toArray();
  const other = db.collection(`bench_${from}`);
  await other.drop().catch(() => undefined);
  await db.createCollection(other.collectionName);
  for (const { key, name } of await db.collection(from).indexes()) {
    if (name !== '_id_') await other.createIndex(key, { name });
  }
  const began = performance.now();
  for (let at = 0; at < documents.length; at += atOnce) {
    await other.insertMany(documents.slice(at, at + atOnce), {
      ordered: false,
      writeConcern: { w: 'majority', journal: true },
    });
  }
  const seconds = (performance.now() - began) / 1_000;
  await other.drop();
  return documents.length / seconds;
};

/** @param {System} system @param {number} count */
export const purge = async (system, count = 20_000) => {
  const mongoose = require('mongoose');
  const connection = await mongoose.createConnection(system.mongodbUri).asPromise();
  const { db } = connection;
  try {
    const stored = () => metric(system.url, 'castellan_analytics_records_total{outcome="stored"');
    const inMongodb = () => metric(system.url, 'castellan_analytics_transaction_seconds_sum');
    const before = { stored: await stored(), inMongodb: await inMongodb() };
    const began = performance.now();
    await record(system, count);
    const pushed = performance.now();
    await until(async () => (await stored()) >= before.stored + count, 600_000);
    const seconds = (performance.now() - pushed) / 1_000;
    const share = ((await inMongodb()) - before.inMongodb) / seconds;
    await until(async () => (await db.collection('analytics_segments').countDocuments()) === 0, 600_000);
    const merged = (performance.now() - pushed) / 1_000;
    const alone = await insertAlone(db, 'tyk_analytics');
    const rate = count / seconds;
    return [
      row(
        `${count} analytics records out of Redis, stored with their sums`,
        `${rate.toFixed(0)}/s, ${((rate / alone) * 100).toFixed(0)} % of insertMany of the same documents alone (${alone.toFixed(0)}/s); ${(share * 100).toFixed(0)} % of the time in MongoDB; pushed in ${((pushed - began) / 1_000).toFixed(1)} s`,
        'twice 676/s',
        rate >= 2 * 676,
      ),
      row('the same, sums merged into the rollups too', `${(count / merged).toFixed(0)}/s`),
    ];
  } finally {
    await connection.close();
  }
};
