import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply } from 'fastify';

/** So much of a body that nobody wants is still taken, so that its sender gets to read why, in bytes. */
const mostTaken = 1024 * 1024;
/** And for so long, in milliseconds. */
const longestTaken = 5_000;

/**
 * Answers before the whole body has come, and then ends the connection in such a way that the answer arrives: closing it
 * at once would throw away what the sender has not read yet. A sender that asks first (`Expect: 100-continue`) is told to
 * go on only when its body is wanted.
 */
export const refuseUnreadBodies = (server: FastifyInstance): void => {
  const asking = new WeakSet<IncomingMessage>();
  server.server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    asking.add(request);
    server.server.emit('request', request, response);
  });
  server.addHook('preParsing', async (request, reply, payload) => {
    if (asking.delete(request.raw)) reply.raw.writeContinue();
    return Promise.resolve(payload);
  });
  server.addHook('onSend', ({ raw }, reply, _payload, done) => {
    if (!raw.complete && !raw.destroyed && announcesBody(raw)) leaveUnread(raw, reply, asking.has(raw));
    done();
  });
};

/** @param waits whether the sender has asked if the body is wanted, and heard nothing */
const leaveUnread = (raw: IncomingMessage, reply: FastifyReply, waits: boolean): void => {
  // Node.js would close the connection as soon as the answer is written.
  void reply.removeHeader('connection');
  if (waits) {
    // The sender may leave the body out or not: what comes next cannot be told apart.
    reply.raw.once('finish', () => {
      raw.socket.end();
    });
  }
  takeRest(raw);
};

const announcesBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

/** Throws away what still comes, within limits. */
const takeRest = (request: IncomingMessage): void => {
  const { socket } = request;
  let taken = 0;
  const end = (): void => {
    socket.destroy();
  };
  const timer = setTimeout(end, longestTaken);
  const stop = (): void => {
    clearTimeout(timer);
    socket.off('close', stop);
  };
  request.on('data', (chunk: Buffer) => {
    taken += chunk.length;
    if (taken > mostTaken) end();
  });
  request.once('end', stop);
  socket.once('close', stop);
  request.resume();
};
