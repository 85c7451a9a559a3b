import type {} from '@fastify/cookie';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ApiConfig } from '@castellan/config';
import { isOverTls } from '../sessions/own-pages';
import { flowSeconds } from './login-flows';

type Setting = Pick<ApiConfig, 'publicUrl'>;

const name = 'castellan-oidc';
const path = '/sso/oidc';
const tokenForm = /^[\w-]{43}$/;

/** `Lax`, because the provider sends the browser back from another site. */
const attributes = (request: FastifyRequest, setting: Setting) =>
  ({ path, httpOnly: true, sameSite: 'lax', secure: isOverTls(request, setting) }) as const;

/** What the browser keeps while it is at a provider; null for none. */
export const flowTokenOf = (request: FastifyRequest): string | null => {
  const value = request.cookies[name];
  return value !== undefined && tokenForm.test(value) ? value : null;
};

export const setFlowCookie = (reply: FastifyReply, setting: Setting, token: string): void => {
  void reply.setCookie(name, token, { ...attributes(reply.request, setting), maxAge: flowSeconds });
};

export const clearFlowCookie = (reply: FastifyReply, setting: Setting): void => {
  void reply.clearCookie(name, attributes(reply.request, setting));
};
