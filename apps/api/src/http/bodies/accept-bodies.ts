import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ApiConfig } from '@castellan/config';
import { accessOf, type GuardedRequest } from '@castellan/rbac';
import { addressOf } from '../caller-address';
import type { BodyAccount, BodyBudget } from './body-budget';
import { limitsFor } from './limits';
import { isRawBody } from './raw-body';
import { readBytes } from './read-bytes';
import { readJson } from './read-json';
import { textOf } from './text-of';
import { isWebForm, readWebForm } from './web-form';

/** Nothing that is open to everybody takes more, and no gateway sends more, in bytes. */
const smallBody = 64 * 1024;

const yamlType = /^(application|text)\/(x-)?(vnd\.[\w.+-]*)?yaml/i;

/** Text that decodes to nothing but white space is no body. */
const isBlank = (text: string): boolean => !/\S/.test(text);

/**
 * One parser for every content type: clients send JSON as `application/x-www-form-urlencoded`, or name no type at all
 * (docs/tyk/management.md#bodies). YAML reaches its route as text, a form unread.
 */
export const acceptBodies = (server: FastifyInstance, { bodyLimit }: ApiConfig, budget: BodyBudget): void => {
  server.addHook('onRoute', (route) => {
    const plane = accessOf(route.config)?.plane;
    if (plane === 'public' || plane === 'node') route.bodyLimit = Math.min(bodyLimit, smallBody);
  });
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', async (request: FastifyRequest, payload: FastifyRequest['raw']) => {
    const limit = request.routeOptions.bodyLimit;
    const account = accountOf(budget, request);
    try {
      const content = await readBytes(request.headers, payload, limit, account);
      if (isRawBody(request)) return content;
      const type = request.headers['content-type'];
      const text = textOf(content, type);
      if (isBlank(text)) return undefined;
      if (isWebForm(request, text)) return readWebForm(text);
      return yamlType.test(type ?? '') ? text : await readJson(text, limitsFor(limit));
    } finally {
      account.close();
    }
  });
};

/** The account of a request's body, on whoever was proven to send it. */
export const accountOf = (budget: BodyBudget, request: FastifyRequest & GuardedRequest): BodyAccount => {
  const { principal } = request;
  return budget.open(principal?.plane === 'organisation' ? principal.userId : (principal?.plane ?? addressOf(request)));
};
