import type { FastifyReply } from 'fastify';
import { etagOf, isFresh } from './precondition';
import { nextHeader } from './reply-headers';

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

/** Sends a piece of a list of JSON texts in the wrapper that clients of this list expect. */
export const sendList = (
  reply: FastifyReply,
  names: { readonly rows: string; readonly pages: string },
  { texts, pages, next }: { readonly texts: readonly string[]; readonly pages: number; readonly next: string | null },
): void => {
  if (next !== null) void reply.header(nextHeader, next);
  sendJsonText(reply, `{"${names.rows}":[${texts.join(',')}],"${names.pages}":${pages}}`);
};
