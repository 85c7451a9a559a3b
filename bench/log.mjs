/**
 * How long a page of the log of requests takes, at any depth.
 *
 * `node bench/log.mjs [records] [minutes]` starts a Castellan of its own, puts so many records of the last day into its
 * database, or as many as it takes in that time, and measures its pages.
 */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { row } from './delivery.mjs';
import { milliseconds, percentile, summarise, timed } from './lib/figures.mjs';
import { call, startSystem } from './lib/system.mjs';

const require = createRequire(import.meta.url);

/** @typedef {Awaited<ReturnType<typeof startSystem>>} System */

const dayMs = 86_400_000;
const atOnce = 5_000;

/**
 * Puts records of a day where the purger puts them, with its indexes, the newest first.
 *
 * @param {Pick<System, 'mongodbUri' | 'organisationId'>} system
 * @param {number} count
 * @param {number} withinMs ends earlier when it takes longer than this
 */
export const fillLog = async ({ mongodbUri, organisationId }, count, withinMs) => {
  require('reflect-metadata');
  const mongoose = require('mongoose');
  const { decodeRecord, recordDocument } = require('../dist/libs/analytics/src');
  const { encodeRecord, someTraffic } = require('../dist/libs/testing/src');
  const { AnalyticsCollections } = require('../dist/apps/api/src/analytics/storage/collections');
  const list = 'analytics-tyk-system-analytics';
  const now = new Date();
  const documents = someTraffic(atOnce, organisationId, now, 1).map((fields) =>
    recordDocument({ record: decodeRecord(list, encodeRecord(fields)), cut: {} }, now, null),
  );
  const connection = await mongoose.createConnection(mongodbUri).asPromise();
  try {
    const collections = new AnalyticsCollections(connection, { analyticsRecords: 'shared' }, console);
    await collections.prepare([organisationId]);
    const began = performance.now();
    for (let at = 0; at < count && performance.now() - began < withinMs; at += atOnce) {
      const part = documents.slice(0, count - at).map((document, index) => ({
        ...document,
        timestamp: new Date(now.getTime() - Math.floor(((at + index) / count) * dayMs)),
      }));
      await collections.records(organisationId).insertMany(part, { ordered: false });
    }
  } finally {
    await connection.close();
  }
};

/**
 * Cursors at some depths of the log, from its first page to its last: a cursor is an instant and an id, so that the log need
 * not be read for it.
 *
 * @param {any} records @param {string} orgId @param {number} depths
 */
const cursorsOf = async (records, orgId, depths) => {
  const [first, last] = await Promise.all(
    [1, -1].map((direction) => records.findOne({ orgid: orgId }, { sort: { timestamp: direction } })),
  );
  const [oldest, newest] = [first.timestamp.getTime(), last.timestamp.getTime()];
  return Array.from({ length: depths }, (_, index) => {
    const at = Math.ceil(newest - ((newest - oldest) * index) / depths);
    return `${at}-${'f'.repeat(24)}`;
  });
};

/** @param {System} system one whose organisation has records of the last day */
export const logPages = async ({ url, headers, mongodbUri, organisationId }, depths = 100) => {
  const mongoose = require('mongoose');
  const connection = await mongoose.createConnection(mongodbUri).asPromise();
  const end = Math.floor(Date.now() / 1_000);
  const path = `${url}/api/logs/?start=${end - 86_400}&end=${end}`;
  try {
    const collection = connection.collection('tyk_analytics');
    const records = await collection.countDocuments({ orgid: organisationId });
    const cursors = await cursorsOf(collection, organisationId, depths);
    /** @param {string} asked */
    const read = async (asked) => {
      const { status, json } = await call(`${path}${asked}`, { headers });
      if (status !== 200 || json().data.length === 0) throw new Error(`No page of the log, but ${status}`);
    };
    /** @type {number[]} */
    const times = [];
    for (const cursor of cursors) times.push(await timed(() => read(`&cursor=${cursor}`)));
    /** @type {number[]} */
    const first = [];
    for (let round = 0; round < 5; round += 1) first.push(await timed(() => read('')));
    const tenth = Math.ceil(depths / 10);
    const ratio = percentile(times.slice(-tenth), 0.5) / percentile(times.slice(0, tenth), 0.5);
    return [
      row(
        `a page of the log of ${records} records, at ${depths} depths from the first to the last`,
        `${milliseconds(summarise(times))}; the last tenth takes ${ratio.toFixed(1)} times what the first does`,
        'p99 < 100 ms at any depth',
        percentile(times, 0.99) < 100,
      ),
      row('the first page, for which a hundred pages are counted too', milliseconds(summarise(first))),
    ];
  } finally {
    await connection.close();
  }
};

const isMain = import.meta.url === pathToFileURL(process.argv[1] ?? '').href;
if (isMain) {
  const [records = 1_000_000, minutes = 12] = process.argv.slice(2).map(Number);
  const system = await startSystem();
  try {
    await fillLog(system, records, minutes * 60_000);
    for (const { what, figure } of await logPages(system)) console.log(`${what}: ${figure}`);
  } finally {
    await system.stop();
  }
}
