import type { FastifyReply, FastifyRequest } from 'fastify';
import { etagOf, isFresh } from '../http/precondition';
import { sendJsonText } from '../http/text-reply';
import { writeYaml } from '../import-export/yaml';
import type { JsonObject } from '@castellan/tyk';

const yamlType = /\b(?:application|text)\/(?:x-)?yaml\b/i;

/**
 * Clients ask for YAML in the header that says what they accept, or, as Tyk's own, in the one for bodies
 * (docs/tyk/management.md#openapi-documents).
 */
export const wantsYaml = ({ headers }: Pick<FastifyRequest, 'headers'>): boolean =>
  yamlType.test(headers.accept ?? '') || yamlType.test(headers['content-type'] ?? '');

/** Sends a document with its entity tag, or 304 when the caller has that version already. */
export const sendDocument = (reply: FastifyReply, version: number, document: JsonObject): void => {
  void reply.header('etag', etagOf(version)).header('vary', 'accept');
  if (isFresh(reply.request.headers['if-none-match'], version)) {
    void reply.status(304).send();
    return;
  }
  if (wantsYaml(reply.request)) {
    void reply.header('content-type', 'application/x-yaml; charset=utf-8').send(writeYaml(document));
    return;
  }
  sendJsonText(reply, JSON.stringify(document));
};
