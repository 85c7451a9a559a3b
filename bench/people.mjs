/** What it costs to know who calls, and many people. */
import { createHash, randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { milliseconds, percentile, summarise, sustain, timed } from './lib/figures.mjs';
import { row } from './delivery.mjs';
import { call } from './lib/system.mjs';

const require = createRequire(import.meta.url);

/** @typedef {Awaited<ReturnType<typeof import('./lib/system.mjs').startSystem>>} System */

/** Both replies are made from memory: what is between them is the credential, the user, the groups and the right. */
export const authorisation = async (/** @type {System} */ { url, headers }) => {
  const plan = { lanes: 10, forMs: 4_000 };
  const without = await sustain(plan, () => call(`${url}/health/live`));
  const withKey = await sustain(plan, () => call(`${url}/api/schemas/apidefs/mcp`, { headers }));
  const again = await sustain(plan, () => call(`${url}/health/live`));
  const ratio = withKey.perSecond / Math.max(without.perSecond, again.perSecond);
  return [
    row(
      'a reply from memory with access key, rights and groups looked up, against one open to everybody, ten clients',
      `${ratio.toFixed(2)} of the requests a second (${withKey.perSecond.toFixed(0)}/s); ${milliseconds(withKey)}`,
    ),
  ];
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
 * What a stranger could tell from how long a refusal takes: reported, since a machine with other work cannot promise it.
 *
 * @param {System} system
 */
export const refusals = async ({ url, secrets, organisationId }) => {
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
  const [known, inactive, keyOnly] = [
    await user({ password }),
    await user({ password, active: false }),
    await user({}),
  ];
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
    'inactive user': logIn(inactive),
    'user without a password': logIn(keyOnly),
    'unknown access key': keyed(randomBytes(16).toString('hex')),
    'access key of another form': keyed('x'),
  };
  /** @type {Record<string, number[]>} */
  const times = Object.fromEntries(Object.keys(kinds).map((kind) => [kind, []]));
  for (let round = 0; round < 60; round += 1) {
    for (const [kind, work] of Object.entries(kinds)) times[kind]?.push(await timed(work));
  }
  const medians = Object.entries(times).map(([kind, all]) => `${kind} ${percentile(all, 0.5).toFixed(1)} ms`);
  return [row('medians of refusals, one after the other in turns (n 60 each)', medians.join('; '))];
};
