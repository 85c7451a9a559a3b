import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { errorCode, PortTaken } from './problem.mjs';

/**
 * Why a server could not listen there now.
 * @param {number} port
 * @param {string} [host]
 * @returns {Promise<string | undefined>} the system's code, such as `EADDRINUSE`; undefined when it could
 */
export function listenError(port, host = '127.0.0.1') {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) => resolve(errorCode(error) ?? error.message));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

/**
 * Whether a server could listen on that port of the loopback interface.
 * @param {number} port
 */
async function isFree(port) {
  return (await listenError(port)) === undefined;
}

/**
 * Below those that systems give to connections that go out (Linux from 32,768 on, others from 49,152): a server that is
 * stopped finds its port free when it comes back.
 */
const [lowest, highest] = [12_000, 32_000];

/**
 * A free port on the loopback interface.
 * @returns {Promise<number>}
 */
export async function anyFreePort() {
  for (;;) {
    const port = randomInt(lowest, highest);
    if (await isFree(port)) return port;
  }
}

/**
 * The first free port among the preferred one and the hundred after it, else any. A port that stays the same from start to start
 * is worth having: gateways are configured with it.
 * @param {number} preferred 0 means any
 * @param {number} [not] one that is promised to somebody else
 */
export async function freePortNear(preferred, not = 0) {
  if (preferred === 0) return anyFreePort();
  for (let port = preferred; port < Math.min(preferred + 100, 65_536); port += 1) {
    if (port !== not && (await isFree(port))) return port;
  }
  return anyFreePort();
}

/**
 * The port for a server of ours.
 * @param {{ name: string, port: number, portIsFixed?: boolean, portVariable?: string, not?: number }} wish
 *   `port`: 0 for any free one; `portIsFixed`: one that is in use is the user's problem and no other one is taken
 */
export async function choosePort({ name, port, portIsFixed = false, portVariable, not }) {
  if (!portIsFixed) return freePortNear(port, not);
  if (port !== not && (await isFree(port))) return port;
  throw new PortTaken(
    `Port ${port}, wanted for ${name}, is in use by another program; end that or set ${portVariable} to another port (0 for any free one).`,
  );
}
