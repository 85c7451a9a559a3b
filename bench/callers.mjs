/**
 * node bench/callers.mjs --of FOLDER [--only NAME,NAME] [--apis COUNT]
 *
 * What hostile or careless callers cost, on throw-away data: starts the built api of the repository in FOLDER (this one when
 * left out), attacks it in bounded ways and prints one line of JSON for each attack. To compare two states of the project,
 * run it on a checkout of each; figures of different machines are not comparable, ratios on one are.
 */
import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { root } from '../tools/lib/paths.mjs';
import { call, definition, startSystem } from './lib/system.mjs';

const { values: options } = parseArgs({
  options: {
    ...{ of: { type: 'string', default: root }, only: { type: 'string' }, watch: { type: 'string' } },
    apis: { type: 'string', default: '5000' },
  },
});

const mebibyte = 1024 * 1024;
/** No attack is waited for longer, in milliseconds. */
const patience = 240_000;

/** @typedef {Awaited<ReturnType<typeof startSystem>>} System */

/** @param {number} pid @returns {{ cpuSeconds: number, peakMiB: number }} on Linux */
const usage = (pid) => {
  const [, ticks = ''] = /^.*\)(.*)$/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8').trim()) ?? [];
  const fields = ticks.trim().split(' ');
  const [, peak] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return { cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100, peakMiB: Math.round(Number(peak) / 1024) };
};

/** Asks for /health/live from a process of its own, until its input ends. @param {string} url */
const watch = async (url) => {
  let going = true;
  process.stdin.on('end', () => (going = false)).resume();
  let longest = 0;
  while (going) {
    const began = performance.now();
    await call(`${url}/health/live`).catch(() => undefined);
    longest = Math.max(longest, performance.now() - began);
    await delay(20);
  }
  console.log(Math.round(longest));
  process.exit(0);
};

/**
 * Runs an attack, and says what it cost: CPU seconds, the peak of memory, how long /health/live took at the most.
 *
 * @param {System} system
 * @param {() => Promise<Record<string, unknown>>} attack
 */
const costOf = async (system, attack) => {
  const watcher = spawn(process.execPath, [fileURLToPath(import.meta.url), '--watch', system.url], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let said = '';
  watcher.stdout.on('data', (text) => (said += text));
  await delay(500);
  const before = usage(system.pid);
  const seen = await attack();
  const after = system.runs() ? usage(system.pid) : undefined;
  watcher.stdin.end();
  await new Promise((end) => watcher.once('exit', end));
  return {
    ...seen,
    alive: system.runs(),
    ...(after && {
      cpuSeconds: Number((after.cpuSeconds - before.cpuSeconds).toFixed(2)),
      peakMiB: after.peakMiB,
      healthMs: Number(said),
    }),
  };
};

/** @param {readonly number[]} statuses */
const counted = (statuses) => {
  /** @type {Record<string, number>} */
  const counts = {};
  for (const status of statuses) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
};

/** The status of a call; 0 when there was none. @param {Promise<{ status: number }>} reply */
const statusOf = (reply) => reply.then(({ status }) => status).catch(() => 0);

/** @param {string} url @param {Record<string, string>} headers @param {string | Buffer} text */
const send = async (url, headers, text, method = 'POST') => {
  const reply = await fetch(url, { method, headers, body: text, signal: AbortSignal.timeout(patience) });
  return { status: reply.status, text: await reply.text() };
};

/** @param {number} bytes */
const openApi = (bytes) => {
  const operation = {
    summary: 's'.repeat(2_600),
    parameters: [{ name: 'a', in: 'query', schema: { type: 'string' } }],
  };
  const one = { get: { ...operation, responses: { 200: { description: 'd'.repeat(120) } } } };
  const count = Math.floor(bytes / (JSON.stringify(one).length + 20));
  return {
    openapi: '3.0.3',
    info: { title: 'large', version: '1' },
    paths: Object.fromEntries(Array.from({ length: count }, (_, index) => [`/part/${index}`, one])),
    components: {},
    'x-tyk-api-gateway': {
      info: { name: 'large', state: { active: true } },
      upstream: { url: 'http://127.0.0.1:1/' },
      server: { listenPath: { value: '/large-oas/', strip: true } },
    },
  };
};

/** @param {number} bytes @param {string} name */
const classic = (bytes, name) => {
  const rule = (/** @type {number} */ index) => ({
    path: `/part/${index}/{id}`,
    method_actions: { GET: { action: 'reply', code: 200, data: 'd'.repeat(2_700), headers: { a: 'b' } } },
  });
  const count = Math.floor(bytes / (JSON.stringify(rule(10_000)).length + 1));
  const made = structuredClone(definition(name));
  Reflect.set(
    made.version_data.versions.Default.extended_paths,
    'white_list',
    Array.from({ length: count }, (_, index) => rule(index)),
  );
  return made;
};

/** @type {Record<string, (system: System) => Promise<Record<string, unknown>>>} */
const attacks = {
  // 9: twenty bodies of 15 MiB from nobody.
  'anonymous bodies': ({ url }) => {
    const body = JSON.stringify({
      a: Array.from({ length: 80_000 }, (_, index) => ({ i: index, t: 'x'.repeat(170) })),
    });
    const all = Array.from({ length: 20 }, () => statusOf(send(`${url}/api/apis`, {}, body)));
    return Promise.all(all).then((statuses) => ({ bytes: body.length, statuses: counted(statuses) }));
  },
  // 10: aliases that come to gigabytes, and four megabytes of YAML at once.
  'YAML of aliases': async ({ url, headers }) => {
    const bomb = `x: &x ${'y'.repeat(300_000)}\nl: [${'*x,'.repeat(50_000)}]`;
    const lists = Array.from({ length: 4 }, () => '- a\n'.repeat(mebibyte / 4));
    const yaml = { ...headers, 'content-type': 'application/yaml' };
    const all = [bomb, ...lists].map((text) => statusOf(send(`${url}/api/apis/oas/import`, yaml, text)));
    return { statuses: counted(await Promise.all(all)) };
  },
  // 11: thirty bodies of 8 MiB that are never ended; requests have three seconds.
  'unfinished bodies': async ({ url, headers }) => {
    const { hostname, port, host } = new URL(url);
    const head = `POST /api/apis HTTP/1.1\r\nhost: ${host}\r\nauthorization: ${headers.authorization}\r\ncontent-length: ${9 * mebibyte}\r\n\r\n`;
    const sockets = Array.from({ length: 30 }, () => {
      const socket = connect(Number(port), hostname)
        .on('error', () => undefined)
        .resume();
      socket.write(head);
      socket.write(Buffer.alloc(8 * mebibyte, ' '));
      return socket;
    });
    const closed = sockets.map((socket) => new Promise((end) => socket.once('close', () => end(undefined))));
    await Promise.race([Promise.all(closed), delay(40_000)]);
    const held = sockets.filter((socket) => !socket.closed).length;
    for (const socket of sockets) socket.destroy();
    return { held };
  },
  // 12: sixty wrong secrets, each with an address of the caller's own choice, through one proxy; then a right one.
  'wrong secrets': async ({ url, secrets }) => {
    /** @type {number[]} */
    const statuses = [];
    const wrong = (/** @type {number} */ index) => ({
      'admin-auth': 'wrong',
      'x-forwarded-for': `10.9.8.${index}, 203.0.113.7`,
    });
    for (let index = 0; index < 60; index += 1) {
      statuses.push((await call(`${url}/admin/organisations`, { headers: wrong(index) })).status);
    }
    const headers = { 'admin-auth': secrets.admin, 'x-forwarded-for': '203.0.113.7' };
    return { statuses: counted(statuses), right: (await call(`${url}/admin/organisations`, { headers })).status };
  },
  // 13
  'OAS document of 13 MB': async ({ url, headers }) => {
    const body = JSON.stringify(openApi(13_000_000));
    return { bytes: body.length, status: (await send(`${url}/api/apis/oas`, headers, body)).status };
  },
  'classic definition of 13 MB': async ({ url, headers }) => {
    const body = JSON.stringify({ api_definition: classic(13_000_000, 'large-classic') });
    return { bytes: body.length, status: (await send(`${url}/api/apis`, headers, body)).status };
  },
  'import with 13 MB in one resource': async ({ url, headers }) => {
    const apis = [{ api_definition: { ...classic(13_000_000, 'large-import'), api_id: 'large-import' } }];
    const body = JSON.stringify({ castellan: { format: 1 }, apis });
    return { bytes: body.length, status: (await send(`${url}/api/import`, headers, body)).status };
  },
  // The same document without anything to note goes first, so that what the notes cost can be told.
  '4000 notes': async ({ url, headers, pid }) => {
    /** @param {string} name @param {string} keyword */
    const written = async (name, keyword) => {
      const schema = { type: 'object', [keyword]: { '^x': { type: 'string' } } };
      const schemas = Object.fromEntries(Array.from({ length: 4_000 }, (_, index) => [`s${index}`, schema]));
      const document = { ...openApi(0), openapi: '3.1.0', components: { schemas } };
      document['x-tyk-api-gateway'].server.listenPath.value = `/${name}/`;
      const before = usage(pid).cpuSeconds;
      const reply = await fetch(`${url}/api/apis/oas`, { method: 'POST', headers, body: JSON.stringify(document) });
      await reply.arrayBuffer();
      /** @type {{ message: string }[]} */
      const notes = JSON.parse(reply.headers.get('x-castellan-notes') ?? '[]');
      const cpuSeconds = Number((usage(pid).cpuSeconds - before).toFixed(2));
      return { status: reply.status, cpuSeconds, last: notes.at(-1)?.message };
    };
    await written('warm', 'properties');
    return { without: await written('plain', 'properties'), noted: await written('noted', 'patternProperties') };
  },
  // 14
  'import of APIs': async ({ url, headers }) => {
    const apis = Array.from({ length: Number(options.apis) }, (_, index) => ({
      api_definition: { ...definition(`many-${index}`), api_id: `many-${index}` },
    }));
    const body = JSON.stringify({ castellan: { format: 1 }, apis });
    const began = performance.now();
    // `fetch` waits five minutes for a reply to begin, and no longer.
    const status = await statusOf(
      call(`${url}/api/import`, { method: 'POST', headers, body: { castellan: { format: 1 }, apis } }),
    );
    return { bytes: body.length, status, seconds: Math.round((performance.now() - began) / 1_000) };
  },
  // 15: reads and writes while the database's process is stopped for twelve seconds, and searches that are too long.
  'MongoDB away for 12 s': async ({ url, headers, signalMongodb }) => {
    signalMongodb('SIGSTOP');
    const body = { api_definition: definition('during') };
    const ask = () => [
      statusOf(call(`${url}/api/apis`, { headers })),
      statusOf(call(`${url}/api/apis`, { method: 'POST', headers, body })),
    ];
    const asked = ask();
    for (let second = 0; second < 12; second += 3) {
      await delay(3_000);
      asked.push(...ask());
    }
    signalMongodb('SIGCONT');
    return { statuses: counted(await Promise.all(asked)), afterwards: await settled(url, headers) };
  },
  'long searches': async ({ url, headers }) => {
    const text = 'a'.repeat(15_000);
    const paths = ['portal/policies?q=', 'audit-logs?url=', 'apis?q=', 'keys?q='];
    const all = paths.map((path) => statusOf(call(`${url}/api/${path}${text}`, { headers })));
    return { statuses: counted(await Promise.all(all)) };
  },
};

/** @param {string} url @param {Record<string, string>} headers */
const settled = async (url, headers) => {
  for (let attempt = 0; attempt < 60; attempt += 1) {
    const status = await statusOf(call(`${url}/api/apis`, { headers }));
    if (status === 200) return status;
    await delay(500);
  }
  return 0;
};

/** Settings without which an attack would not be one. @type {Record<string, Record<string, string>>} */
const settingsOf = {
  'unfinished bodies': { CASTELLAN_REQUEST_TIMEOUT_MS: '3000' },
  'wrong secrets': { CASTELLAN_TRUST_PROXY: options.of === root ? '1' : 'true' },
};

if (options.watch !== undefined) await watch(options.watch);
const only = options.only?.split(',');
for (const [name, attack] of Object.entries(attacks)) {
  if (only !== undefined && !only.includes(name)) continue;
  // Each on an installation of its own: some end the process.
  const system = await startSystem(settingsOf[name], resolve(options.of));
  try {
    console.log(JSON.stringify({ name, ...(await costOf(system, () => attack(system))) }));
  } catch (error) {
    console.log(JSON.stringify({ name, failed: String(error), alive: system.runs() }));
  } finally {
    await system.stop();
  }
}
