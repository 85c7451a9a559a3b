import type {} from '@fastify/cookie';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ApiConfig } from '@castellan/config';
import { isOverTls } from './own-pages';

type Setting = Pick<ApiConfig, 'publicUrl'>;

/** Browsers take a `__Host-` cookie from nobody but this very host, and only over TLS. */
const nameOf = (request: FastifyRequest, setting: Setting, name: string): string =>
  isOverTls(request, setting) ? `__Host-${name}` : name;

/**
 * `Lax`, so that the first request after a login at a provider of identities comes with the cookie; what it could do when
 * another site makes a browser send it, the token and the origin of a write prevent.
 */
const attributes = (request: FastifyRequest, setting: Setting) =>
  ({ path: '/', httpOnly: true, sameSite: 'lax', secure: isOverTls(request, setting) }) as const;

const session = 'castellan-session';
const device = 'castellan-device';
const deviceSeconds = 180 * 24 * 3_600;

const tokenForm = /^[\w-]{43}$/;

const cookieOf = (request: FastifyRequest, name: string): string | null => {
  const value = request.cookies[name];
  return value !== undefined && tokenForm.test(value) ? value : null;
};

/** The token in the cookie of a session; null when there is none. */
export const sessionTokenOf = (request: FastifyRequest, setting: Setting): string | null =>
  cookieOf(request, nameOf(request, setting, session));

export const setSessionCookie = (reply: FastifyReply, setting: Setting, token: string): void => {
  void reply.setCookie(nameOf(reply.request, setting, session), token, attributes(reply.request, setting));
};

export const clearSessionCookie = (reply: FastifyReply, setting: Setting): void => {
  void reply.clearCookie(nameOf(reply.request, setting, session), attributes(reply.request, setting));
};

/** By which a browser is known from which a person has come in before; opens nothing. */
export const deviceTokenOf = (request: FastifyRequest, setting: Setting): string | null =>
  cookieOf(request, nameOf(request, setting, device));

export const setDeviceCookie = (reply: FastifyReply, setting: Setting, token: string): void => {
  const { request } = reply;
  const kept = { ...attributes(request, setting), maxAge: deviceSeconds };
  void reply.setCookie(nameOf(request, setting, device), token, kept);
};
