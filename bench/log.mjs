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

/** @typedef {{ records: number, oldest: Date, newest: Date }} Filled */

/**
 * Puts records of a day where the purger puts them, with its indexes, the newest first.
 *
 * @param {Pick<System, 'mongodbUri' | 'organisationId'>} system
 * @param {number} count
 * @param {number} withinMs ends earlier when it takes longer than this
 * @returns {Promise<Filled>}
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
    /** @param {number} index */
    const timeOf = (index) => new Date(now.getTime() - Math.floor((index / count) * dayMs));
    let at = 0;
    while (at < count && performance.now() - began < withinMs) {
      const first = at;
      const part = documents.slice(0, count - first);
      const placed = part.map((document, index) => ({ ...document, timestamp: timeOf(first + index) }));
      await collections.records(organisationId).insertMany(placed, { ordered: false });
      at += part.length;
    }
    return { records: at, oldest: timeOf(at - 1), newest: now };
  } finally {
    await connection.close();
  }
};

/**
 * Cursors at some depths of the log, from its first page to its last: a cursor is an instant and an id, so that the log need
 * not be read for it.
 *
 * @param {Filled} filled @param {number} depths
 */
const cursorsOf = ({ oldest, newest }, depths) =>
  Array.from({ length: depths }, (_, index) => {
    const at = Math.ceil(newest.getTime() - ((newest.getTime() - oldest.getTime()) * index) / depths);
    return `${at}-${'f'.repeat(24)}`;
  });

/** @param {Pick<System, 'url' | 'headers'>} system @param {Filled} filled what its organisation has */
export const logPages = async ({ url, headers }, filled, depths = 100) => {
  const end = Math.floor(filled.newest.getTime() / 1_000);
  const path = `${url}/api/logs/?start=${end - 86_400}&end=${end}`;
  const cursors = cursorsOf(filled, depths);
  /** @param {string} asked */
  const read = async (asked) => {
    const { status, json } = await call(`${path}${asked}`, { headers });
    if (status !== 200 || json().data.length === 0) throw new Error(`No page of the log, but ${status}`);
  };
  /** @type {number[]} */
  const times = [];
  /** What a request by this key takes here that asks nothing of the sort. @type {number[]} */
  const beside = [];
  for (const cursor of cursors) {
    times.push(await timed(() => read(`&cursor=${cursor}`)));
    beside.push(await timed(() => call(`${url}/api/apis`, { headers })));
  }
  /** @type {number[]} */
  const first = [];
  for (let round = 0; round < 5; round += 1) first.push(await timed(() => read('')));
  const tenth = Math.ceil(depths / 10);
  const ratio = percentile(times.slice(-tenth), 0.5) / percentile(times.slice(0, tenth), 0.5);
  return [
    row(
      `a page of the log of ${filled.records} records, at ${depths} depths from the first to the last`,
      `${milliseconds(summarise(times))}; the last tenth takes ${ratio.toFixed(1)} times what the first does; an empty list of APIs in between: ${milliseconds(summarise(beside))}`,
      'p99 < 100 ms at any depth',
      percentile(times, 0.99) < 100,
    ),
    row('the first page, for which a hundred pages are counted too', milliseconds(summarise(first))),
  ];
};

const isMain = import.meta.url === pathToFileURL(process.argv[1] ?? '').href;
if (isMain) {
  const [records = 1_000_000, minutes = 12] = process.argv.slice(2).map(Number);
  const system = await startSystem();
  try {
    const filled = await fillLog(system, records, minutes * 60_000);
    for (const { what, figure } of await logPages(system, filled)) console.log(`${what}: ${figure}`);
  } finally {
    await system.stop();
  }
}
