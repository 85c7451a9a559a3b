import type { FastifyReply } from 'fastify';
import { etagOf, isFresh } from './precondition';

const json = 'application/json; charset=utf-8';

/** Sends JSON text as it is, without parsing and writing it again. */
export const sendJsonText = (reply: FastifyReply, text: string): void => {
  void reply.header('content-type', json).send(text);
};

/** Sends one resource with its entity tag, or 304 when the caller has that version already. */
export const sendResource = (reply: FastifyReply, version: number, text: string): void => {
  void reply.header('etag', etagOf(version));
  if (isFresh(reply.request.headers['if-none-match'], version)) void reply.status(304).send();
  else sendJsonText(reply, text);
};

/** Sends a list of JSON texts in the wrapper that clients of this list expect. */
export const sendList = (
  reply: FastifyReply,
  names: { readonly rows: string; readonly pages: string },
  rows: readonly string[],
  pages: number,
): void => {
  sendJsonText(reply, `{"${names.rows}":[${rows.join(',')}],"${names.pages}":${pages}}`);
};
