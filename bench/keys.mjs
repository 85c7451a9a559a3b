/** How fast keys get to gateways, and are found again among many. */
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { row } from './delivery.mjs';
import { milliseconds, summarise, sustain, timed } from './lib/figures.mjs';
import { call, definition, startSystem, until } from './lib/system.mjs';

const require = createRequire(import.meta.url);

/** @typedef {Awaited<ReturnType<typeof import('./lib/system.mjs').startSystem>>} System */

/** Keys of one import. */
const imported = 1_000;

/** @param {System} system */
const apiOf = async ({ url, headers }) => {
  const body = { api_definition: { ...definition('bench-keys'), use_keyless: false } };
  return (await call(`${url}/api/apis`, { method: 'POST', headers, body })).json().ID;
};

/**
 * How fast the database takes the rows that an import has left, when nobody does anything else: the same keys and revisions once
 * more, each collection by one command. @param {string} mongodbUri
 */
const floorOf = async (mongodbUri) => {
  const mongoose = require('mongoose');
  const connection = await mongoose.createConnection(mongodbUri).asPromise();
  const keys = connection.db.collection('keys');
  const revisions = connection.db.collection('revisions');
  const rows = await keys.find({ alias: 'moved' }).toArray();
  const histories = await revisions.find({ resourceId: { $in: rows.map(({ _id }) => _id) } }).toArray();
  const copies = rows.map((one) => {
    const hash = randomBytes(32).toString('hex');
    return { ...one, _id: new mongoose.Types.ObjectId(), hash, announced: [hash], pending: null };
  });
  const again = histories.map((one, at) => ({
    ...one,
    _id: new mongoose.Types.ObjectId(),
    resourceId: copies[at]?._id,
  }));
  const ofKeys = await timed(() => keys.insertMany(copies));
  const ofRevisions = again.length === 0 ? 0 : await timed(() => revisions.insertMany(again));
  await keys.deleteMany({ _id: { $in: copies.map(({ _id }) => _id) } });
  await revisions.deleteMany({ _id: { $in: again.map(({ _id }) => _id) } });
  await connection.close();
  return { ofKeys, ofRevisions, rows: rows.length, histories: histories.length };
};

/** One import of keys that are all new. @param {System} system @param {string} apiId */
const importOnce = async ({ url, headers, organisationId }, apiId) => {
  const rights = { [apiId]: { api_id: apiId, versions: ['Default'] } };
  const session = JSON.stringify({ org_id: organisationId, rate: 10, per: 1, alias: 'moved', access_rights: rights });
  const keys = Array.from({ length: imported }, () => ({ names: [randomBytes(32).toString('hex')], session }));
  const ms = await timed(async () => {
    const { status, text } = await call(`${url}/api/keys/import`, { method: 'POST', headers, body: { keys } });
    if (status !== 200) throw new Error(`The import answered ${status}: ${text}`);
  });
  return { ms, session };
};

/** Plain writes of a session, as many as an import has. @param {string} redisUrl @param {string} session */
const setting = async (redisUrl, session) => {
  const { Redis } = require('ioredis');
  const redis = new Redis(redisUrl);
  const names = Array.from({ length: imported }, () => `bench-${randomBytes(32).toString('hex')}`);
  const awaited = await timed(async () => {
    for (const name of names) await redis.set(name, session);
  });
  const pipelined = await timed(() => Promise.all(names.map((name) => redis.set(name, session))));
  await redis.del(...names);
  redis.disconnect();
  return [awaited, pipelined].map((ms) => (imported / ms) * 1_000);
};

/** Imports one after the other, and plain writes of the same bytes. @param {System} system @param {number} times */
const importing = async (system, times) => {
  const apiId = await apiOf(system);
  const rates = [];
  let last = '';
  for (let time = 0; time < times; time += 1) {
    const { ms, session } = await importOnce(system, apiId);
    rates.push((imported / ms) * 1_000);
    last = session;
  }
  const [plain = 0] = await setting(system.redisUrl, last);
  const slow = rates.map((rate) => `${rate.toFixed(0)}/s, ${(plain / rate).toFixed(1)} times slower`);
  return [row(`${imported} keys imported at once, against plain SET (${plain.toFixed(0)}/s)`, slow.join('; '))];
};

/** Creation one by one and in bulk, against plain writes of the same bytes. @param {System} system @param {string} apiId */
const writing = async (system, apiId) => {
  const { url, headers, redisUrl, mongodbUri } = system;
  const body = { access_rights: { [apiId]: { api_id: apiId, versions: ['Default'] } }, rate: 10, per: 1 };
  const one = await sustain({ lanes: 8, forMs: 8_000 }, async () => {
    const { status, text } = await call(`${url}/api/keys`, { method: 'POST', headers, body });
    if (status !== 200) throw new Error(`A key was answered ${status}: ${text}`);
  });
  const { ms: importMs, session } = await importOnce(system, apiId);
  const bulk = (imported / importMs) * 1_000;
  const floor = await floorOf(mongodbUri);
  const floorMs = floor.ofKeys + floor.ofRevisions;
  const [plain, fast] = await setting(redisUrl, session);
  const times = (/** @type {number} */ slow) =>
    `${((plain ?? 0) / slow).toFixed(1)} times slower than plain SET one after the other`;
  return [
    row(
      'keys created over HTTP, eight clients',
      `${one.perSecond.toFixed(0)}/s, ${times(one.perSecond)}; ${milliseconds(one)}`,
    ),
    row(
      `${imported} keys imported at once, against plain SET of the same bytes (${plain?.toFixed(0)}/s one after the other, ${fast?.toFixed(0)}/s in a pipeline)`,
      `${bulk.toFixed(0)}/s, ${times(bulk)}`,
      'within 2 times',
      bulk * 2 >= (plain ?? 0),
    ),
    row(
      `of that, insertMany of the same ${floor.rows} keys and ${floor.histories} revisions into the embedded server, by itself`,
      `${floor.ofKeys.toFixed(0)} ms and ${floor.ofRevisions.toFixed(0)} ms of ${importMs.toFixed(0)} ms: the import takes ${(importMs / floorMs).toFixed(1)} times as long as its rows alone, which by themselves are ${times((imported / floorMs) * 1_000)}`,
    ),
  ];
};

/** Keys of a block, as the index counts them. */
const ofABlock = 500;

/**
 * Keys that are in the index and in Redis as if they had been made. @param {System} system @param {string} apiId @param {number} count
 * @param {number} forMs no more are put there after so long
 */
const fill = async ({ mongodbUri, redisUrl, organisationId }, apiId, count, forMs = Infinity) => {
  const mongoose = require('mongoose');
  const { Redis } = require('ioredis');
  const redis = new Redis(redisUrl);
  const connection = await mongoose.createConnection(mongodbUri).asPromise();
  const orgId = new mongoose.Types.ObjectId(organisationId);
  const tokenOf = (/** @type {number} */ index) =>
    Buffer.from(`{"org":"${organisationId}","id":"${index}","h":"sha256"}`).toString('base64');
  const now = new Date();
  const [newest] = await connection.db.collection('key_blocks').find({ orgId }).sort({ block: -1 }).limit(1).toArray();
  const blockOf = (/** @type {number} */ index) => (newest?.block ?? 0) + 1 + Math.floor(index / ofABlock);
  const ends = Date.now() + forMs;
  let filled = 0;
  for (let from = 0; from < count && Date.now() < ends; from += 2_000) {
    const indexes = Array.from({ length: Math.min(2_000, count - from) }, (_, at) => from + at);
    const rows = indexes.map((index) => {
      const hash = createHash('sha256').update(tokenOf(index)).digest('hex');
      return {
        ...{
          orgId,
          version: 1,
          hash,
          copies: [],
          announced: [hash],
          sealed: '',
          alias: `alias-${index}`,
          username: '',
        },
        ...{
          apiIds: [apiId],
          policyIds: [],
          tags: ['bench'],
          certificate: '',
          certificates: [],
          oauthClient: '',
          inactive: false,
        },
        ...{ createdBy: 'bench', createdAt: now, updatedAt: now, expiresAt: null, deletedAt: null, pending: null },
        block: blockOf(index),
        foundBy: { terms: [`alias:alias-${index}`, `api:${apiId}`, 'tag:bench'] },
      };
    });
    await connection.db.collection('keys').insertMany(rows);
    const sizes = new Map();
    for (const { block } of rows) sizes.set(block, (sizes.get(block) ?? 0) + 1);
    const blocks = [...sizes].map(([block, size]) => ({ orgId, block, made: size, there: size }));
    await connection.db.collection('key_blocks').insertMany(blocks);
    const texts = rows.flatMap(({ hash, alias }) => [
      `apikey-${hash}`,
      JSON.stringify({ org_id: organisationId, alias, access_rights: { [apiId]: { api_id: apiId } }, tags: ['bench'] }),
    ]);
    await redis.mset(...texts);
    filled = from + indexes.length;
  }
  redis.disconnect();
  await connection.close();
  return { tokenOf, filled };
};

/** Asked of the operating system: /metrics counts what waits in the database, too. @param {System} system */
const residentMb = async ({ pid }) => {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)]);
  return Number(stdout) / 1_024;
};

/** @param {System} system @param {(index: number) => string} tokenOf @param {number} count */
const finding = async ({ url, headers }, tokenOf, count) => {
  const repeats = 20;
  const many = async (/** @type {() => Promise<unknown>} */ work) => {
    const times = [];
    for (let repeat = 0; repeat < repeats; repeat += 1) times.push(await timed(work));
    return milliseconds(summarise(times));
  };
  const get = (/** @type {string} */ path) => call(`${url}${path}`, { headers });
  const pick = () => Math.floor(Math.random() * count);
  const deep = Math.floor((count / 10) * 0.9);
  const { headers: deepest } = await get(`/api/keys?p=${deep}`);
  const after = encodeURIComponent(String(deepest['x-next-after']));
  const hashOf = (/** @type {number} */ index) => createHash('sha256').update(tokenOf(index)).digest('hex');
  const search = () => call(`${url}/api/keys/search`, { method: 'POST', headers, body: { token: tokenOf(pick()) } });
  return [
    row(`GET /api/keys of ${count} keys, page 1`, await many(() => get('/api/keys'))),
    row(`the same, page ${deep}`, await many(() => get(`/api/keys?p=${deep}`))),
    row('the same page, read on from the one before', await many(() => get(`/api/keys?after=${after}`))),
    row('the same, by hash', await many(() => get(`/api/keys?q=${hashOf(pick())}`))),
    row('the same, by alias', await many(() => get(`/api/keys?alias=alias-${pick()}`))),
    row('the same, by token', await many(search)),
  ];
};

/** One walk over all sessions in Redis. @param {System} system @param {number} count */
const scanning = async (system, count) => {
  const { url, headers } = system;
  const scan = async () => (await call(`${url}/api/keys/reconcile`, { headers })).json().scan;
  const before = await scan();
  let most = 0;
  let last = before;
  await until(async () => {
    most = Math.max(most, await residentMb(system));
    last = await scan();
    return last?.finished_at != null && last.started_at !== before?.started_at && last.seen >= count;
  }, 3_600_000);
  const seconds = (Date.parse(last.finished_at) - Date.parse(last.started_at)) / 1_000;
  const idle = await residentMb(system);
  return [
    row(
      `one walk over ${count} sessions in Redis, all compared with the index`,
      `${seconds.toFixed(1)} s, ${(count / seconds).toFixed(0)}/s; the process had ${most.toFixed(0)} MB at most meanwhile, ${idle.toFixed(0)} MB after it`,
    ),
  ];
};

/** @param {System} system @param {number} count keys in the index; of these, the embedded server takes in a thousand a second */
export const keys = async (system, count = Number(process.env['CASTELLAN_BENCH_KEYS'] ?? 20_000)) => {
  const apiId = await apiOf(system);
  const written = await writing(system, apiId);
  const { tokenOf } = await fill(system, apiId, count);
  return [...written, ...(await finding(system, tokenOf, count)), ...(await scanning(system, count))];
};

/** @param {System} system @param {number} count @param {number} minutes how long keys are put there, whether that was enough or not */
const manyKeys = async (system, count, minutes) => {
  const apiId = await apiOf(system);
  const started = Date.now();
  const { tokenOf, filled } = await fill(system, apiId, count, minutes * 60_000);
  const seconds = (Date.now() - started) / 1_000;
  return [
    row(`keys put into the index and Redis by insertMany and MSET`, `${filled} in ${seconds.toFixed(0)} s`),
    ...(await finding(system, tokenOf, filled)),
  ];
};

/** Sessions in Redis that the index knows nothing of. @param {System} system @param {string} apiId @param {number} count */
const strangers = async ({ redisUrl, organisationId }, apiId, count) => {
  const { Redis } = require('ioredis');
  const redis = new Redis(redisUrl);
  for (let from = 0; from < count; from += 5_000) {
    const texts = Array.from({ length: Math.min(5_000, count - from) }, (_, at) => [
      `apikey-${createHash('sha256')
        .update(`stranger-${from + at}`)
        .digest('hex')}`,
      JSON.stringify({
        ...{ org_id: organisationId, alias: `alias-${from + at}`, tags: ['bench'] },
        access_rights: { [apiId]: { api_id: apiId } },
      }),
    ]);
    await redis.mset(...texts.flat());
  }
  redis.disconnect();
};

/**
 * Walks over sessions that nobody here has made, which notes them all, and then over the same once more, as far as that gets.
 * @param {System} system @param {number} count @param {number} minutes
 */
const walking = async (system, count, minutes) => {
  const apiId = await apiOf(system);
  const idle = await residentMb(system);
  const filledIn = await timed(() => strangers(system, apiId, count));
  const ends = Date.now() + minutes * 60_000;
  const mongoose = require('mongoose');
  const connection = await mongoose.createConnection(system.mongodbUri).asPromise();
  /** @type {Map<number, { scan: { seen: number, added: number, finishedAt: Date | null }, most: number, took: number }>} */
  const walks = new Map();
  while (Date.now() < ends && [...walks.values()].filter(({ scan }) => scan.finishedAt !== null).length < 2) {
    await delay(2_000);
    const scan = await connection.db.collection('key_scans').findOne({});
    // A walk that began before everything was there does not count.
    if (scan === null || (scan.finishedAt !== null && scan.seen < count)) continue;
    const begun = scan.startedAt.getTime();
    const { most = 0 } = walks.get(begun) ?? {};
    const took = ((scan.finishedAt?.getTime() ?? Date.now()) - begun) / 1_000;
    walks.set(begun, { scan, most: Math.max(most, await residentMb(system)), took });
  }
  await connection.close();
  await delay(5_000);
  const after = await residentMb(system);
  return [
    row(`sessions put into Redis by MSET`, `${count} in ${(filledIn / 1_000).toFixed(0)} s`),
    ...[...walks.values()].map(({ scan, most, took }) =>
      row(
        `a walk over ${count} sessions in Redis${scan.finishedAt === null ? ', ended by the clock' : ''}`,
        `${scan.seen} seen and ${scan.added} noted in ${took.toFixed(0)} s, ${(scan.seen / took).toFixed(0)}/s; the process had ${most.toFixed(0)} MB at most, ${idle.toFixed(0)} MB before and ${after.toFixed(0)} MB after`,
      ),
    ),
  ];
};

// node bench/keys.mjs 1000000 12, node bench/keys.mjs walk 1000000 12, and node bench/keys.mjs import 5
const [, script, ...asked] = process.argv;
const parts = { walk: walking, import: importing };
const named = asked[0] === 'walk' || asked[0] === 'import' ? asked[0] : null;
const [count, minutes = '10'] = named === null ? asked : asked.slice(1);
if (script === fileURLToPath(import.meta.url) && count !== undefined) {
  const system = await startSystem({ CASTELLAN_KEY_SCAN_MS: named === 'walk' ? '60000' : '86400000' });
  try {
    const measured = await (named === null ? manyKeys : parts[named])(system, Number(count), Number(minutes));
    for (const { what, figure } of measured) process.stdout.write(`${what}: ${figure}\n`);
  } finally {
    await system.stop();
  }
}
