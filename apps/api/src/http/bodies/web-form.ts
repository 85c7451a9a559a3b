import type { FastifyRequest } from 'fastify';
import { addRouteConfig } from '@castellan/rbac';
import { MalformedBody } from './refusals';

const mark = { webForm: true } as const;
const formType = /^application\/x-www-form-urlencoded\b/i;

/** A route that forms of web pages are sent to, too. */
export const WebForm = (): MethodDecorator => addRouteConfig(mark);

/** JSON is sent with the type of forms by many clients (docs/tyk/management.md#bodies), but no form begins with a brace. */
export const isWebForm = ({ headers, routeOptions: { config } }: FastifyRequest, text: string): boolean =>
  'webForm' in config && formType.test(headers['content-type'] ?? '') && !/^\s*\{/.test(text);

/** Marks what came from a form, whose sender wants to be led to a page and not to read JSON. */
const formField = 'from_form';

/** @throws MalformedBody when a field is there twice */
export const readWebForm = (text: string): Readonly<Record<string, string>> => {
  const fields = [...new URLSearchParams(text.trim())];
  const twice = fields.find(([name], index) => fields.findIndex(([other]) => other === name) !== index);
  if (twice !== undefined) throw new MalformedBody('a field of the form is there twice', []);
  return { ...Object.fromEntries(fields), [formField]: 'true' };
};
