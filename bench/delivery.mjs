/** From an accepted write to nodes that ask for it. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { root } from '../tools/lib/paths.mjs';
import { milliseconds, percentile, summarise, sustain, timed } from './lib/figures.mjs';
import { call, definition, until } from './lib/system.mjs';

const require = createRequire(import.meta.url);

/** @typedef {Awaited<ReturnType<typeof import('./lib/system.mjs').startSystem>>} System */

/** @param {System} system */
export const writeToEvent = async ({ url, headers, redisUrl }) => {
  const redis = new Redis(redisUrl);
  await redis.subscribe('configuration.changed');
  /** @type {(at: number) => void} */
  let heard = () => undefined;
  redis.on('message', () => heard(performance.now()));
  const fromReply = [];
  const fromRequest = [];
  for (let index = 0; index < 220; index += 1) {
    const event = new Promise((resolve) => (heard = resolve));
    const began = performance.now();
    await call(`${url}/api/apis`, {
      method: 'POST',
      headers,
      body: { api_definition: definition(`event-${index}`) },
    });
    const replied = performance.now();
    const at = Number(await event);
    // The first ones warm up.
    if (index < 20) continue;
    fromReply.push(Math.max(0, at - replied));
    fromRequest.push(at - began);
  }
  redis.disconnect();
  return [
    row(
      'write accepted → event on Redis',
      milliseconds(summarise(fromReply)),
      'p99 < 20 ms',
      percentile(fromReply, 0.99) < 20,
    ),
    row('write sent → event on Redis', milliseconds(summarise(fromRequest))),
  ];
};

/** @param {System} system */
export const writeToNode = async ({ url, headers, redisUrl, secrets }) => {
  const { NodeSimulator } = require(join(root, 'dist/libs/testing/src/index.js'));
  const node = new NodeSimulator({
    dashboardUrl: url,
    redisUrl,
    nodeSecret: secrets.node,
    gatewaySecret: 'bench-gateway-secret',
    reloadTickMs: 100,
  });
  await node.start();
  const times = [];
  for (let index = 0; index < 60; index += 1) {
    const name = `node-${index}`;
    const created = await call(`${url}/api/apis`, {
      method: 'POST',
      headers,
      body: { api_definition: definition(name) },
    });
    const apiId = created.json().ID;
    times.push(await timed(() => until(async () => node.loadedApis.has(apiId))));
  }
  await node.stop();
  return [
    row(
      'write accepted → simulated node has loaded it (reload tick 100 ms; real gateways tick once a second)',
      milliseconds(summarise(times)),
      'p99 < 500 ms',
      percentile(times, 0.99) < 500,
    ),
  ];
};

/**
 * @param {System} system
 * @param {number} count
 */
const register = async ({ url, secrets }, count) =>
  Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const headers = { authorization: secrets.node, 'x-tyk-hostname': `bench-${index}` };
      const reply = (await call(`${url}/register/node`, { headers })).json();
      return { headers: { ...headers, 'x-tyk-nodeid': reply.Message.NodeID, 'x-tyk-nonce': reply.Nonce } };
    }),
  );

/** @param {System} system */
export const herd = async (system) => {
  const { url, headers } = system;
  const builds = async () =>
    Number(/castellan_snapshot_builds_total\S* (\d+)/.exec((await call(`${url}/metrics`)).text)?.[1]);
  const nodes = await register(system, 100);
  await call(`${url}/api/apis`, { method: 'POST', headers, body: { api_definition: definition('herd') } });
  const before = await builds();
  const times = [];
  const statuses = new Set();
  const all = await timed(() =>
    Promise.all(
      nodes.map(async (node) => {
        times.push(await timed(async () => statuses.add((await call(`${url}/system/apis`, node)).status)));
      }),
    ),
  );
  const built = (await builds()) - before;
  return [
    row(
      '/system/apis with over 1,000 definitions to 100 nodes at once',
      `${all.toFixed(0)} ms for all; ${milliseconds(summarise(times))}; statuses ${[...statuses].join()}; builds ${built}`,
      'no error, one build',
      built <= 1 && [...statuses].join() === '200',
    ),
  ];
};

/** @param {System} system */
export const pings = async (system) => {
  const { url } = system;
  const nodes = await register(system, 50);
  const baseline = await sustain({ lanes: 50, forMs: 3_000 }, () => call(`${url}/health/live`));
  const figures = await sustain({ lanes: 50, forMs: 5_000 }, async (lane) => {
    const node = nodes[lane];
    const reply = await call(`${url}/register/ping`, node);
    if (reply.status !== 200) throw new Error(reply.text);
    node.headers['x-tyk-nonce'] = reply.json().Nonce;
  });
  const ratio = (figures.perSecond / baseline.perSecond).toFixed(2);
  return [
    row(
      'node plane pings, 50 nodes',
      `${figures.perSecond.toFixed(0)}/s, ${ratio} of /health/live in the same run; ${milliseconds(figures)}`,
    ),
  ];
};

/** @param {string} what @param {string} figure @param {string} [target] @param {boolean} [met] */
export const row = (what, figure, target = '', met = undefined) => ({ what, figure, target, met });
