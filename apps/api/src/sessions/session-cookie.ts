import type {} from '@fastify/cookie';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ApiConfig } from '@castellan/config';

type Setting = Pick<ApiConfig, 'publicUrl'>;

const overTls = ({ publicUrl }: Setting): boolean => publicUrl.startsWith('https:');

/** Browsers take a `__Host-` cookie from nobody but this very host, and only over TLS. */
const nameOf = (setting: Setting, name: string): string => (overTls(setting) ? `__Host-${name}` : name);

/**
 * `Lax`, so that the first request after a login at a provider of identities comes with the cookie; what it could do when
 * another site makes a browser send it, the token and the origin of a write prevent.
 */
const attributes = (setting: Setting) =>
  ({ path: '/', httpOnly: true, sameSite: 'lax', secure: overTls(setting) }) as const;

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
  cookieOf(request, nameOf(setting, session));

export const setSessionCookie = (reply: FastifyReply, setting: Setting, token: string): void => {
  void reply.setCookie(nameOf(setting, session), token, attributes(setting));
};

export const clearSessionCookie = (reply: FastifyReply, setting: Setting): void => {
  void reply.clearCookie(nameOf(setting, session), attributes(setting));
};

/** By which a browser is known from which a person has come in before; opens nothing. */
export const deviceTokenOf = (request: FastifyRequest, setting: Setting): string | null =>
  cookieOf(request, nameOf(setting, device));

export const setDeviceCookie = (reply: FastifyReply, setting: Setting, token: string): void => {
  void reply.setCookie(nameOf(setting, device), token, { ...attributes(setting), maxAge: deviceSeconds });
};
