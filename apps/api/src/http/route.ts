import { applyDecorators, Delete, Get, HttpCode, Patch, Post, Put, type Type } from '@nestjs/common';
import {
  ApiBody,
  ApiConsumes,
  ApiCreatedResponse,
  ApiHeader,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiProduces,
  ApiResponse,
  type ApiBodyOptions,
  type ApiParamOptions,
  type ApiResponseOptions,
} from '@nestjs/swagger';
import { ACCESS, type Access } from '@castellan/rbac';
import { ApiErrors, type ErrorStatus } from './api-errors.decorator';
import { nextHeader } from './reply-headers';

const verbs = { get: Get, post: Post, put: Put, patch: Patch, delete: Delete } as const;
type Verb = keyof typeof verbs;

type Schema = Extract<ApiBodyOptions, { schema: unknown }>['schema'];

/** Everything that a route says of itself; what follows from it is not said again. */
export interface RouteOf {
  /** Whose route it is, and the right that it asks for: `Requires`, `AnyUser` or `AdminOnly`. */
  readonly access: MethodDecorator;
  /** The name of the operation, by which generated clients call it. */
  readonly id: string;
  readonly summary: string;
  readonly description?: string;
  /** What stands in the path, by name. */
  readonly params?: readonly ApiParamOptions[];
  readonly body?: Type | { readonly schema: Schema };
  readonly consumes?: readonly string[];
  /** Clients of this route expect 201. */
  readonly creates?: boolean;
  /** The body of a 200, or of a 201. */
  readonly reply: Type | { readonly schema: Schema };
  readonly produces?: readonly string[];
  /** The reply carries the version as its `ETag`; a reading one is a 304 for somebody who has that version. */
  readonly tagged?: boolean;
  /** The reply is a piece of a list, and says where the next one begins. */
  readonly listed?: boolean;
  /** Takes `If-Match`. */
  readonly preconditioned?: boolean;
  /** Errors that do not follow from the rest. */
  readonly errors?: readonly ErrorStatus[];
}

/** A route, with all that the OpenAPI document, the guard and the clients need to know of it. */
const route =
  (verb: Verb) =>
  (path: string, about: RouteOf): MethodDecorator =>
  (target, property, descriptor) => {
    about.access(target, property, descriptor);
    const access = accessOf(descriptor.value);
    const { id: operationId, summary, description } = about;
    const decorators = [
      verbs[verb](path),
      // Clients of Tyk expect 200 of every write.
      ...(verb === 'post' ? [HttpCode(about.creates === true ? 201 : 200)] : []),
      ApiOperation({ operationId, summary, ...(description === undefined ? {} : { description }) }),
      ...(about.params ?? []).map((options) => ApiParam(options)),
      ...bodyOf(about),
      ...headersOf(verb, access, about),
      about.creates === true ? ApiCreatedResponse(replyOf(about)) : ApiOkResponse(replyOf(about)),
      ...(about.produces === undefined ? [] : [ApiProduces(...about.produces)]),
      ...(verb === 'get' && about.tagged === true ? [ApiResponse(unchanged)] : []),
      ApiErrors(...errorsOf(access, path, about)),
    ];
    applyDecorators(...decorators)(target, property, descriptor);
  };

export const Route = {
  get: route('get'),
  post: route('post'),
  put: route('put'),
  patch: route('patch'),
  delete: route('delete'),
};

const accessOf = (handler: unknown): Access => {
  if (typeof handler !== 'function') throw new TypeError('Only handlers have routes');
  const access: unknown = Reflect.getMetadata(ACCESS, handler);
  // Set by the decorator that was applied just before, which takes nothing else.
  return access as Access;
};

const writes = (verb: Verb, { permission }: Access): boolean => verb !== 'get' && permission?.level !== 'read';

const bodyOf = ({ body, consumes }: RouteOf): MethodDecorator[] => [
  ...(body === undefined ? [] : [ApiBody('schema' in body ? { schema: body.schema } : { type: body })]),
  ...(consumes === undefined ? [] : [ApiConsumes(...consumes)]),
];

const headersOf = (verb: Verb, access: Access, { tagged, preconditioned }: RouteOf): MethodDecorator[] => {
  const headers: MethodDecorator[] = [];
  const add = (name: string, description: string, example?: string): void => {
    const schema = { type: 'string', ...(example === undefined ? {} : { example }) };
    headers.push(ApiHeader({ name, required: false, description, schema }));
  };
  if (preconditioned === true) add('If-Match', 'Only when the version is still this one', '"7"');
  if (verb === 'get' && tagged === true) add('If-None-Match', 'Only when the version is another one', '"7"');
  if (writes(verb, access)) add('X-Change-Reason', 'Why, for the history and the audit log; up to 1,000 characters');
  return headers;
};

const text = { type: 'string' } as const;

const requestIdHeader = { 'X-Request-ID': { description: 'The same as in the log', schema: text } };

const unchanged: ApiResponseOptions = {
  status: 304,
  description: 'The version is the one in If-None-Match',
  headers: requestIdHeader,
};

const replyOf = ({ reply, tagged, listed }: RouteOf): ApiResponseOptions => {
  const headers = {
    ...requestIdHeader,
    ...(tagged === true ? { ETag: { description: 'The version', schema: { ...text, example: '"7"' } } } : {}),
    ...(listed === true
      ? { [nextHeader]: { description: 'Where the next piece begins: send it as `after`', schema: text } }
      : {}),
  };
  return 'schema' in reply
    ? { description: 'Done', headers, schema: reply.schema }
    : { description: 'Done', headers, type: reply };
};

const errorsOf = (
  { plane, permission }: Access,
  path: string,
  { body, preconditioned, errors = [] }: RouteOf,
): readonly ErrorStatus[] => {
  const all: ErrorStatus[] = [400, 401, 503, ...errors];
  if (plane === 'admin') all.push(429);
  if (permission !== null) all.push(403);
  if (path.includes(':')) all.push(404);
  if (body !== undefined) all.push(413);
  if (preconditioned === true) all.push(412, 428);
  return [...new Set(all)].sort((a, b) => a - b);
};
