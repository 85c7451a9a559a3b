/** How fast keys get to gateways, and are found again among many. */
import { createHash, randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
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

/** Creation one by one and in bulk, against plain writes of the same bytes. @param {System} system @param {string} apiId */
const writing = async ({ url, headers, redisUrl, mongodbUri, organisationId }, apiId) => {
  const { Redis } = require('ioredis');
  const redis = new Redis(redisUrl);
  const rights = { [apiId]: { api_id: apiId, versions: ['Default'] } };
  const post = async (/** @type {string} */ path, /** @type {unknown} */ body) => {
    const { status, text } = await call(`${url}${path}`, { method: 'POST', headers, body });
    if (status !== 200) throw new Error(`${path} answered ${status}: ${text}`);
  };
  const one = await sustain({ lanes: 8, forMs: 8_000 }, () =>
    post('/api/keys', { access_rights: rights, rate: 10, per: 1 }),
  );
  const session = JSON.stringify({ org_id: organisationId, rate: 10, per: 1, alias: 'moved', access_rights: rights });
  const keys = Array.from({ length: imported }, () => ({ names: [randomBytes(32).toString('hex')], session }));
  const importMs = await timed(() => post('/api/keys/import', { keys }));
  const bulk = (imported / importMs) * 1_000;
  const floor = await floorOf(mongodbUri);
  const floorMs = floor.ofKeys + floor.ofRevisions;
  const names = keys.map(() => `bench-${randomBytes(32).toString('hex')}`);
  const awaited = await timed(async () => {
    for (const name of names) await redis.set(name, session);
  });
  const pipelined = await timed(() => Promise.all(names.map((name) => redis.set(name, session))));
  await redis.del(...names);
  redis.disconnect();
  const [plain, fast] = [awaited, pipelined].map((ms) => (imported / ms) * 1_000);
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

/** @param {string} url */
const residentMb = async (url) => {
  const { text } = await call(`${url}/metrics`);
  const [, bytes] = /^process_resident_memory_bytes\{[^}]*\} (\d+)/m.exec(text) ?? [];
  return Number(bytes) / 1024 / 1024;
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
const scanning = async ({ url, headers }, count) => {
  const scan = async () => (await call(`${url}/api/keys/reconcile`, { headers })).json().scan;
  const before = await scan();
  let most = 0;
  let last = before;
  await until(async () => {
    most = Math.max(most, await residentMb(url));
    last = await scan();
    return last?.finished_at != null && last.started_at !== before?.started_at && last.seen >= count;
  }, 3_600_000);
  const seconds = (Date.parse(last.finished_at) - Date.parse(last.started_at)) / 1_000;
  const idle = await residentMb(url);
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

// node bench/keys.mjs 1000000 12
const [, script, count, minutes = '10'] = process.argv;
if (script === fileURLToPath(import.meta.url) && count !== undefined) {
  const system = await startSystem({ CASTELLAN_KEY_SCAN_MS: '86400000' });
  try {
    for (const { what, figure } of await manyKeys(system, Number(count), Number(minutes)))
      process.stdout.write(`${what}: ${figure}\n`);
  } finally {
    await system.stop();
  }
}
