/** How fast records get from Redis into MongoDB, and answers out of it. */
import { createRequire } from 'node:module';
import { row } from './delivery.mjs';
import { milliseconds, percentile, summarise, timed } from './lib/figures.mjs';
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
  require('reflect-metadata');
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
    await until(async () => (await db.collection('analytics_pending').countDocuments()) === 0, 600_000);
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

const hourMs = 3_600_000;
const days = 30;
const apis = 10;
const keys = 200;

/**
 * Sums of so many hits over thirty days, as the merger leaves them.
 *
 * @param {string} orgId @param {number} hits @param {number} end
 * @returns {import('@castellan/analytics').RollupRow[]}
 */
const sumsOf = (orgId, hits, end) => {
  const { noMeasures } = require('../dist/libs/analytics/src');
  /** @typedef {import('@castellan/analytics').RollupRow} Row */
  /** @param {Row['unit']} unit @param {number} at @param {Row['kind']} kind @param {Row['dimensions']} dimensions @param {number} share */
  const rowOf = (unit, at, kind, dimensions, share) => {
    const measures = {
      ...noMeasures(),
      ...{ hits: share, success: share, latencyCount: share, latencySum: share * 20, latencyMax: 900, latencyMin: 1 },
      ...{ upstreamSum: share * 15, upstreamMax: 800, upstreamMin: 1, last: new Date(at) },
      codes: new Map([[200, share]]),
      sketch: new Map(Array.from({ length: 100 }, (_, bucket) => [bucket * 3 + 1, 1])),
    };
    return { orgId, unit, at: new Date(at), kind, dimensions, label: '', measures };
  };
  /** Whole hits, which come to all of them. @param {number} index @param {number} of */
  const share = (index, of) => Math.floor(((index + 1) * hits) / of) - Math.floor((index * hits) / of);
  const names = Array.from({ length: apis }, (_, index) => ({ api: `api${index}`, version: 'Non Versioned' }));
  const rows = [];
  for (const [unit, length, count] of /** @type {const} */ ([
    ['hour', hourMs, days * 24],
    ['day', 24 * hourMs, days],
  ])) {
    for (let index = 0; index < count; index += 1) {
      const at = end - (index + 1) * length;
      rows.push(rowOf(unit, at, 'total', {}, share(index, count)));
      for (const [place, name] of names.entries()) {
        rows.push(rowOf(unit, at, 'api', name, share(index * apis + place, count * apis)));
      }
      if (unit === 'hour') continue;
      for (let key = 0; key < keys; key += 1) {
        const dimensions = { ...names[key % apis], key: `key${key}` };
        rows.push(rowOf(unit, at, 'key', dimensions, share(index * keys + key, count * keys)));
      }
    }
  }
  return rows;
};

/** Stores sums in the form that the application reads. @param {any} connection @param {readonly import('@castellan/analytics').RollupRow[]} rows */
const storeSums = async (connection, rows) => {
  require('reflect-metadata');
  const { RollupStore } = require('../dist/apps/api/src/analytics/storage/rollup-store');
  const store = new RollupStore({ sums: connection.collection('analytics_sums') });
  await connection.transaction((/** @type {any} */ session) => store.add(rows, new Date(), session));
};

/** @param {System} system one whose organisation has no sums yet @param {number} hits */
export const questions = async ({ mongodbUri, url, headers, organisationId }, hits = 10_000_000) => {
  const mongoose = require('mongoose');
  const connection = await mongoose.createConnection(mongodbUri).asPromise();
  const end = Math.floor(Date.now() / (24 * hourMs)) * 24 * hourMs;
  try {
    await storeSums(connection, sumsOf(organisationId, hits, end));
  } finally {
    await connection.close();
  }
  const [from, to] = [end - days * 24 * hourMs, end - hourMs].map((time) => new Date(time));
  const part = (/** @type {Date | undefined} */ day) =>
    day === undefined ? '' : `${day.getUTCDate()}/${day.getUTCMonth() + 1}/${day.getUTCFullYear()}`;
  const range = `${part(from)}/${part(to)}`;
  const paths = [`usage/${range}?res=day`, `usage/apis/${range}?p=-1`, `activity/keys/${range}?p=-1`];
  const body = { from, to: new Date(end), interval: 'day', groupBy: ['api'], metrics: ['hits', 'latency_p95'] };
  const first = await call(`${url}/api/${paths[0]}`, { headers });
  const sum = first
    .json()
    .data.reduce((/** @type {number} */ all, /** @type {{ hits: number }} */ row) => all + row.hits, 0);
  if (sum !== hits) throw new Error(`${sum} hits instead of ${hits}`);
  /** @type {number[]} */
  const times = [];
  /** What a request by this key takes here that asks nothing of the sort. @type {number[]} */
  const beside = [];
  for (let round = 0; round < 100; round += 1) {
    beside.push(await timed(() => call(`${url}/api/apis`, { headers })));
    for (const path of paths) times.push(await timed(() => call(`${url}/api/${path}`, { headers })));
    times.push(await timed(() => call(`${url}/api/analytics/query`, { method: 'POST', headers, body })));
  }
  return [
    row(
      `questions over ${days} days with ${hits} hits behind the sums: usage, by API, by key, percentiles by API and day`,
      `${milliseconds(summarise(times))}; an empty list of APIs in between: ${milliseconds(summarise(beside))}`,
      'p99 < 100 ms',
      percentile(times, 0.99) < 100,
    ),
  ];
};
