import multipart from '@fastify/multipart';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ApiConfig } from '@castellan/config';
import { ValidationFailed } from '@castellan/dto';
import { accountOf } from './bodies/accept-bodies';
import type { BodyBudget } from './bodies/body-budget';
import { BodyTooLarge } from './bodies/refusals';
import { readForm } from './form-parts';

/** The field of a form that holds the file (docs/tyk/management.md#files). */
const fileField = 'file';

/** More than a form for one file has. */
const mostParts = 20;
/** What the lines between the parts may take, in bytes. */
const betweenParts = 64 * 1024;

const formType = /^multipart\/form-data\b/i;

/** Forms are not read before a route asks for it; from there on one counts as a body of the largest size. */
export const acceptForms = async (
  server: FastifyInstance,
  { bodyLimit }: ApiConfig,
  budget: BodyBudget,
): Promise<void> => {
  server.addHook('preParsing', async (request, reply, payload) => {
    if (!formType.test(request.headers['content-type'] ?? '')) return Promise.resolve(payload);
    const length = Number(request.headers['content-length'] ?? 0);
    if (length > bodyLimit + betweenParts) {
      throw new BodyTooLarge('The form is larger than CASTELLAN_BODY_LIMIT allows');
    }
    const account = accountOf(budget, request);
    account.take(Math.min(length === 0 ? bodyLimit : length, bodyLimit));
    reply.raw.once('close', () => {
      account.close();
    });
    return payload;
  });
  await server.register(multipart, {
    limits: { fileSize: bodyLimit, fieldSize: bodyLimit, files: 1, parts: mostParts },
  });
};

/** The body as it was parsed or, of a form, the text of the file in it. */
export const BodyOrFile = createParamDecorator((_: unknown, context: ExecutionContext): unknown => {
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  return request.isMultipart() ? uploadedText(request) : request.body;
});

/**
 * The text of the file in a form, which must be UTF-8.
 *
 * @throws ValidationFailed, CastellanError (413)
 */
const uploadedText = async (request: FastifyRequest): Promise<string> => {
  const content = (await readForm(request)).findLast(({ name }) => name === fileField)?.content;
  if (content === undefined) throw new ValidationFailed([{ path: fileField, message: 'is required in the form' }]);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch {
    throw new ValidationFailed([{ path: fileField, message: 'must be a text in UTF-8' }]);
  }
};
