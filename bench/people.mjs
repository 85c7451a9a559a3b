/** What it costs to know who calls, and many people. */
import { createHash, randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { root } from '../tools/lib/paths.mjs';
import { milliseconds, percentile, summarise, timed } from './lib/figures.mjs';
import { row } from './delivery.mjs';
import { call } from './lib/system.mjs';

const require = createRequire(import.meta.url);

/** @typedef {Awaited<ReturnType<typeof import('./lib/system.mjs').startSystem>>} System */

/**
 * What it costs to know who calls: the same handler behind a route that is open to everybody, behind an access key and behind
 * an admin secret, in one app inside this process, asked in turns. What is between them is the credential, the user, the
 * groups, the right and the count against the rate limit.
 *
 * @param {System} system
 */
export const authorisation = async ({ url, mongodbUri, redisUrl, secrets, organisationId, headers }) => {
  const group = await call(`${url}/api/usergroups`, {
    method: 'POST',
    headers,
    body: { name: `readers-${randomBytes(4).toString('hex')}`, user_permissions: { apis: 'read' } },
  });
  const made = await call(`${url}/admin/users`, {
    method: 'POST',
    headers: { 'admin-auth': secrets.admin },
    body: {
      org_id: organisationId,
      email_address: `reader-${group.json().Meta}@acme.example`,
      group_id: group.json().Meta,
    },
  });
  const { createApp } = require(join(root, 'dist/apps/api/src/app.js'));
  const { loadApiConfig } = require(join(root, 'dist/libs/config/src/index.js'));
  const { createLogger } = require(join(root, 'dist/libs/observability/src/index.js'));
  const config = loadApiConfig({
    CASTELLAN_ADMIN_SECRET: secrets.admin,
    CASTELLAN_NODE_SECRET: secrets.node,
    CASTELLAN_MONGODB_URI: mongodbUri,
    CASTELLAN_REDIS_URL: redisUrl,
    CASTELLAN_LOG_LEVEL: 'silent',
    CASTELLAN_RATE_LIMIT: '10000000',
    CASTELLAN_RATE_LIMIT_ADDRESS: '10000000',
  });
  const app = await createApp(config, createLogger('api', 'silent'), undefined, [sameWorkThrice()]);
  await app.init();
  const server = app.getHttpAdapter().getInstance();
  await server.ready();
  const ways = {
    open: ['/bench/open', {}],
    'access key': ['/bench/user', { authorization: made.json().Message }],
    'admin secret': ['/bench/operator', { 'admin-auth': secrets.admin }],
  };
  /** @type {Record<string, number[]>} */
  const times = Object.fromEntries(Object.keys(ways).map((way) => [way, []]));
  try {
    for (let round = 0; round < 1_100; round += 1) {
      for (const [way, [path, given]] of Object.entries(ways)) {
        const took = await timed(async () => {
          const { statusCode, body } = await server.inject({ url: path, headers: given });
          if (statusCode !== 200) throw new Error(`${way}: ${statusCode} ${body.slice(0, 300)}`);
        });
        // The first ones warm up.
        if (round >= 100) times[way]?.push(took);
      }
    }
  } finally {
    await app.close();
  }
  const open = percentile(times['open'] ?? [], 0.5);
  return ['access key', 'admin secret'].map((way) => {
    const all = times[way] ?? [];
    const median = percentile(all, 0.5);
    return row(
      `a request by ${way}, against the same handler on a route that is open to everybody`,
      `${(median / open).toFixed(1)} times its ${open.toFixed(2)} ms, that is ${(median - open).toFixed(2)} ms more; ${milliseconds(summarise(all))}`,
    );
  });
};

/** A module with one handler behind three routes. */
const sameWorkThrice = () => {
  const { Controller, Get, Module } = require('@nestjs/common');
  const { OperatorOnly, Public, Requires } = require(join(root, 'dist/libs/rbac/src/index.js'));
  const reply = { text: 'x'.repeat(1_000) };
  class BenchController {
    open() {
      return reply;
    }
    user() {
      return reply;
    }
    operator() {
      return reply;
    }
  }
  const access = { open: Public(), user: Requires('apis', 'read', 'Bench'), operator: OperatorOnly('Bench') };
  for (const [name, decorate] of Object.entries(access)) {
    const descriptor = Object.getOwnPropertyDescriptor(BenchController.prototype, name);
    for (const one of [Get(name), decorate]) one(BenchController.prototype, name, descriptor);
  }
  Controller('bench')(BenchController);
  class BenchModule {}
  Module({ controllers: [BenchController] })(BenchModule);
  return BenchModule;
};

const people = 10_000;

/** @param {System} system */
export const manyUsers = async ({ url, mongodbUri, organisationId, headers }) => {
  await seedUsers(mongodbUri, organisationId);
  /** @type {number[]} */
  const pages = [];
  /** @type {number[]} */
  const searches = [];
  for (let round = 0; round < 40; round += 1) {
    for (const page of [1, 10, 1_000]) pages.push(await timed(() => call(`${url}/api/users?p=${page}`, { headers })));
    searches.push(
      await timed(() => call(`${url}/api/users/search?q=grace-${round}7`, { headers })),
      await timed(() => call(`${url}/api/users/search?q=HOPPER`, { headers })),
    );
  }
  return [
    row(`GET /api/users of ${people}, pages 1, 10 and 1000`, milliseconds(summarise(pages))),
    row('the same, searched by parts of names and addresses', milliseconds(summarise(searches))),
  ];
};

/** @param {string} uri @param {string} organisationId */
const seedUsers = async (uri, organisationId) => {
  const mongoose = require('mongoose');
  const connection = await mongoose.createConnection(uri, { directConnection: true }).asPromise();
  const users = connection.db.collection('users');
  const model = await users.findOne({ orgId: new mongoose.Types.ObjectId(organisationId) });
  for (let first = 0; first < people; first += 1_000) {
    await users.insertMany(
      Array.from({ length: 1_000 }, (_, index) => {
        const email = `grace-${first + index}@acme.example`;
        const document = {
          ...JSON.parse(model.document),
          email_address: email,
          first_name: 'Grace',
          last_name: 'Hopper',
        };
        return {
          ...model,
          _id: new mongoose.Types.ObjectId(),
          email,
          accessKeyHash: createHash('sha256').update(randomBytes(16)).digest('hex'),
          grants: { apis: 'read' },
          document: JSON.stringify(document),
          searchText: `grace hopper ${email}`,
        };
      }),
    );
  }
  await connection.close();
};

/**
 * Gives a user a password as it comes from a Tyk Dashboard.
 *
 * @param {string} uri
 * @param {string} email
 */
const giveImportedHash = async (uri, email) => {
  const mongoose = require('mongoose');
  const connection = await mongoose.createConnection(uri, { directConnection: true }).asPromise();
  const passwordHash = await require('bcryptjs').hash(randomBytes(16).toString('hex'), 10);
  await connection.db.collection('users').updateOne({ email }, { $set: { passwordHash } });
  await connection.close();
};

/**
 * What a stranger could tell from how long a refusal takes: reported, since a machine with other work cannot promise it.
 *
 * @param {System} system
 * @param {string} paced what a refused login waits for
 */
export const refusals = async (system, paced) => {
  const { url, mongodbUri, secrets, organisationId } = system;
  const admin = { 'admin-auth': secrets.admin };
  /** @param {object} fields */
  const user = async (fields) => {
    const email = `refused-${randomBytes(6).toString('hex')}@acme.example`;
    const body = { org_id: organisationId, email_address: email, user_permissions: { apis: 'read' }, ...fields };
    const made = await call(`${url}/admin/users`, { method: 'POST', headers: admin, body });
    if (made.status !== 200) throw new Error(made.text.slice(0, 300));
    return email;
  };
  const password = `${randomBytes(9).toString('base64url')} horse battery`;
  const [known, inactive, keyOnly, imported] = [
    await user({ password }),
    await user({ password, active: false }),
    await user({}),
    await user({ password }),
  ];
  await giveImportedHash(mongodbUri, imported);
  const shared = await user({ password });
  const { organisationId: another } = await system.organisation();
  await user({ password, email_address: shared, org_id: another });
  let address = 0;
  // Each from an address of its own, so that no delay of earlier ones is in it.
  const from = () => ({ 'x-forwarded-for': `10.${(address += 1) >> 16}.${(address >> 8) & 255}.${address & 255}` });
  const logIn = (/** @type {string} */ email) => () =>
    call(`${url}/login`, {
      method: 'POST',
      headers: from(),
      body: { email_address: email, password: 'a wrong password' },
    });
  const keyed = (/** @type {string} */ key) => () =>
    call(`${url}/api/users/me`, { headers: { authorization: key, ...from() } });
  const kinds = {
    'unknown address': logIn('nobody@acme.example'),
    'wrong password': logIn(known),
    'the same of a user who came from elsewhere (bcrypt)': logIn(imported),
    'the same of an address that two organisations have': logIn(shared),
    'inactive user': logIn(inactive),
    'user without a password': logIn(keyOnly),
    'unknown access key': keyed(randomBytes(16).toString('hex')),
    'access key of another form': keyed('x'),
  };
  /** @type {Record<string, number[]>} */
  const times = Object.fromEntries(Object.keys(kinds).map((kind) => [kind, []]));
  for (let round = 0; round < 20; round += 1) {
    for (const [kind, work] of Object.entries(kinds)) times[kind]?.push(await timed(work));
  }
  const medians = Object.entries(times).map(([kind, all]) => `${kind} ${percentile(all, 0.5).toFixed(1)} ms`);
  return [row(`medians of refusals, one after the other in turns (n 20 each), logins ${paced}`, medians.join('; '))];
};
