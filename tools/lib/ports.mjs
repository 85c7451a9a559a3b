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
 * A free port on the loopback interface, chosen by the system.
 * @returns {Promise<number>}
 */
export function anyFreePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port: 0, host: '127.0.0.1', exclusive: true }, () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
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
