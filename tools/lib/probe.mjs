import { connect } from 'node:net';

/**
 * Questions a server answers when it is ready, asked without a driver because nothing may be installed yet.
 */

/**
 * @param {number} port
 * @param {string} [host]
 */
export async function acceptsConnections(port, host = '127.0.0.1') {
  return (await exchange(port, host, undefined)) !== undefined;
}

/**
 * Redis: PING is refused while the data are still being loaded.
 * @param {number} port
 */
export async function redisIsReady(port) {
  const reply = await exchange(port, '127.0.0.1', Buffer.from('PING\r\n'));
  return reply !== undefined && reply.toString('latin1').startsWith('+PONG');
}

/**
 * MongoDB wire protocol: `hello` answers, and where a primary is wanted it says that it is one.
 * @param {number} port
 * @param {'answers' | 'writable'} [wanted]
 */
export async function mongodbIsReady(port, wanted = 'writable') {
  const reply = await exchange(port, '127.0.0.1', helloMessage());
  if (reply === undefined || reply.length === 0) return false;
  return wanted === 'answers' || reply.includes(Buffer.from('\x08isWritablePrimary\0\x01', 'latin1'));
}

/** `{hello: 1, $db: "admin"}` as an OP_MSG of the MongoDB wire protocol. */
function helloMessage() {
  const fields = Buffer.from('\x10hello\0\x01\0\0\0\x02$db\0\x06\0\0\0admin\0\0', 'latin1');
  const message = Buffer.alloc(16 + 4 + 1 + 4 + fields.length);
  message.writeInt32LE(message.length, 0);
  message.writeInt32LE(1, 4);
  message.writeInt32LE(2013, 12);
  message.writeInt32LE(4 + fields.length, 21);
  fields.copy(message, 25);
  return message;
}

/**
 * Connects, sends, and takes the first bytes that come back.
 * @param {number} port
 * @param {string} host
 * @param {Buffer | undefined} message undefined: connecting is enough
 * @returns {Promise<Buffer | undefined>} undefined when there was no answer
 */
function exchange(port, host, message) {
  return new Promise((resolve) => {
    const socket = connect({ port, host });
    /** @param {Buffer | undefined} reply */
    const finish = (reply) => {
      socket.destroy();
      resolve(reply);
    };
    socket.setTimeout(2_000, () => finish(undefined));
    socket.once('error', () => finish(undefined));
    socket.once('close', () => finish(undefined));
    socket.once('connect', () => (message === undefined ? finish(Buffer.alloc(0)) : socket.write(message)));
    socket.once('data', finish);
  });
}
