/** Reading and writing configuration. */
import { createRequire } from 'node:module';
import { milliseconds, percentile, summarise, sustain, timed } from './lib/figures.mjs';
import { row } from './delivery.mjs';
import { call, definition } from './lib/system.mjs';

const require = createRequire(import.meta.url);

/** @typedef {Awaited<ReturnType<typeof import('./lib/system.mjs').startSystem>>} System */

/** @param {System} system @param {number} count @param {string} prefix */
export const seed = async ({ url, headers }, count, prefix) => {
  const apis = Array.from({ length: count }, (_, index) => ({
    api_definition: { ...definition(`${prefix}-${index}`), api_id: `${prefix}-${index}` },
  }));
  const body = { castellan: { format: 1 }, apis };
  const reply = await call(`${url}/api/import`, { method: 'POST', headers, body });
  if (reply.status !== 200) throw new Error(reply.text.slice(0, 500));
};

/** @param {System} system */
export const lists = async ({ url, headers }) => {
  const baseline = await sustain({ lanes: 10, forMs: 3_000 }, () => call(`${url}/health/live`));
  const figures = await sustain({ lanes: 10, forMs: 5_000 }, () => call(`${url}/api/apis`, { headers }));
  const ratio = (figures.perSecond / baseline.perSecond).toFixed(2);
  return [
    row(
      'GET /api/apis, one page of 10, ten clients',
      `${figures.perSecond.toFixed(0)}/s, ${ratio} of /health/live in the same run; ${milliseconds(figures)}`,
    ),
  ];
};

/** @param {System} system a system whose organisation holds 10,000 definitions */
export const longLists = async ({ url, headers }) => {
  const pages = [1, 2, 10, 100, 500, 1000];
  const list = (/** @type {string} */ query) => timed(() => call(`${url}/api/apis?${query}`, { headers }));
  const first = await list('p=1');
  const times = [];
  for (let round = 0; round < 200; round += 1) for (const page of pages) times.push(await list(`p=${page}`));
  const searches = [];
  for (let round = 0; round < 100; round += 1) {
    searches.push(await list(`q=many-${round % 10}-${round}`), await list('sort=-updated_at&auth_type=keyless&p=7'));
  }
  const afterWrites = [];
  for (let round = 0; round < 100; round += 1) {
    const body = { api_definition: definition(`between-${round}`) };
    await call(`${url}/api/apis`, { method: 'POST', headers, body });
    afterWrites.push(await list('p=1'));
  }
  const verdict = (/** @type {string} */ what, /** @type {number[]} */ measured) =>
    row(what, milliseconds(summarise(measured)), 'p99 < 50 ms', percentile(measured, 0.99) < 50);
  return [
    row('GET /api/apis of 10,000 definitions, the first list after the start of a replica', `${first.toFixed(0)} ms`),
    verdict(`the same, pages ${pages.join(', ')}`, times),
    verdict('the same, searched by name, and filtered in another order', searches),
    verdict('the same, the first page right after a write', afterWrites),
  ];
};

/** @param {System} system */
export const unchangedImport = async (system) => {
  const { url, headers } = system;
  const exported = (await call(`${url}/api/export`, { headers })).json();
  const times = [];
  for (let round = 0; round < 7; round += 1) {
    times.push(await timed(() => call(`${url}/api/import`, { method: 'POST', headers, body: exported })));
  }
  const met = percentile(times, 0.5) < 1_000;
  return [row(`import of ${exported.apis.length} unchanged definitions`, milliseconds(summarise(times)), '< 1 s', met)];
};

/** @param {System} system */
export const writes = async ({ url, headers, mongodbUri }) => {
  const mongoose = require('mongoose');
  const connection = await mongoose.createConnection(mongodbUri, { directConnection: true }).asPromise();
  const bare = connection.db.collection('bench_bare');
  const document = JSON.stringify(definition('bare'));
  const bareTimes = [];
  const fullTimes = [];
  for (let index = 0; index < 150; index += 1) {
    bareTimes.push(
      await timed(() => bare.insertOne({ document, index }, { writeConcern: { w: 'majority', j: true } })),
    );
    const body = { api_definition: definition(`write-${index}`) };
    fullTimes.push(await timed(() => call(`${url}/api/apis`, { method: 'POST', headers, body })));
  }
  await connection.close();
  const ratio = percentile(fullTimes, 0.5) / percentile(bareTimes, 0.5);
  return [
    row(
      'create with HTTP, checks, transaction, revision, audit and outbox, against a bare insert of the same text',
      `${ratio.toFixed(1)} times the bare insert at the median; ${milliseconds(summarise(fullTimes))}`,
    ),
  ];
};
