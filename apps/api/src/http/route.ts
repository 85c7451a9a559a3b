import { applyDecorators, Delete, Get, HttpCode, Patch, Post, Put, type Type } from '@nestjs/common';
import {
  ApiExtension,
  ApiExtraModels,
  ApiOperation,
  ApiParam,
  ApiResponse,
  type ApiParamOptions,
  type ApiResponseOptions,
} from '@nestjs/swagger';
import { ErrorReply } from '@castellan/dto';
import { ACCESS, type Access } from '@castellan/rbac';
import { ApiErrors, type ErrorStatus } from './api-errors.decorator';
import { bodyOf, type BodyOf } from './body-docs';
import {
  locationHeader,
  nextPieceHeader,
  rateHeaders,
  requestIdHeader,
  versionHeader,
  type HeaderDocs,
} from './header-docs';
import { Reaching } from './reach';
import { contentOf, modelsOf, type Shape } from './media-docs';
import { requestHeadersOf } from './request-header-docs';

const verbs = { get: Get, post: Post, put: Put, patch: Patch, delete: Delete } as const;
type Verb = keyof typeof verbs;

/** Everything that a route says of itself; what follows from it is not said again. */
export interface RouteOf extends BodyOf {
  /** Whose route it is, and the right that it asks for: `Requires`, `AnyUser`, `OperatorOnly`, `NodeOnly` or `Public`. */
  readonly access: MethodDecorator;
  /** The name of the operation, by which generated clients call it. */
  readonly id: string;
  readonly summary: string;
  /** What the summary leaves out; who may call it is added. */
  readonly description?: string;
  /** What stands in the path, by name. */
  readonly params?: readonly ApiParamOptions[];
  /** Clients of this route expect 201. */
  readonly creates?: boolean;
  /** The body of a 200, or of a 201. */
  readonly reply: Shape;
  /** Media types of the reply; JSON alone when left out. */
  readonly produces?: readonly string[];
  /** Headers of the reply that do not follow from the rest. */
  readonly replyHeaders?: HeaderDocs;
  /** The reply carries the version as its `ETag`; a reading one is a 304 for somebody who has that version. */
  readonly tagged?: boolean;
  /** Browsers are led on with a 302 instead, to what this says. */
  readonly leads?: string;
  /** The reply is a piece of a list, and says where the next one begins. */
  readonly listed?: boolean;
  /** A super user who names no organisation is shown what all have; its handler takes a `SpanRequest`. */
  readonly everywhere?: boolean;
  /** A super user who names no organisation comes by it to what is of none yet. */
  readonly ofNone?: boolean;
  /** Takes `Idempotency-Key`. */
  readonly repeatable?: boolean;
  /** Takes `If-Match`. */
  readonly preconditioned?: boolean;
  /** The body of a 503, where it is not that of other errors. */
  readonly refusal?: Type;
  /** Errors that do not follow from the rest. */
  readonly errors?: readonly ErrorStatus[];
  /** What errors mean here, where it is not what they mean elsewhere. */
  readonly errorsMean?: Readonly<Partial<Record<ErrorStatus, string>>>;
}

/** A 503 in a shape of the route’s own. It comes behind the others, and replaces what they said. */
const unavailableAs = (refusal: Type, { errorsMean }: RouteOf): MethodDecorator =>
  ApiResponse({
    status: 503,
    description: errorsMean?.[503] ?? 'It cannot be said now',
    headers: requestIdHeader,
    content: contentOf({ reply: refusal }),
  });

/** A route, with all that the OpenAPI document, the guard and the clients need to know of it. */
const route =
  (verb: Verb) =>
  (path: string, about: RouteOf): MethodDecorator =>
  (target, property, descriptor) => {
    about.access(target, property, descriptor);
    const access = accessOf(descriptor.value);
    const { id: operationId, summary } = about;
    const reads = verb === 'get' && about.tagged === true;
    const decorators = [
      verbs[verb](path),
      // Clients of Tyk expect 200 of every write.
      ...(verb === 'post' ? [HttpCode(about.creates === true ? 201 : 200)] : []),
      Reaching({ everywhere: about.everywhere === true, ofNone: about.ofNone === true }),
      ...(about.everywhere === true ? [ApiExtension('x-everywhere', true)] : []),
      ApiOperation({ operationId, summary, description: descriptionOf(access, about) }),
      ApiExtraModels(ErrorReply, ...modelsOf(about.reply)),
      ...(about.params ?? []).map((options) => ApiParam('schema' in options ? options : { type: String, ...options })),
      ...bodyOf(about),
      ...requestHeadersOf({
        unlessTagged: reads,
        preconditioned: about.preconditioned === true,
        repeatable: about.repeatable === true,
        reasoned: writes(verb, access),
      }),
      ApiResponse({
        status: about.creates === true ? 201 : 200,
        description: 'Done',
        headers: headersOf(access, about),
        content: contentOf(about),
      }),
      ...(reads ? [ApiResponse(unchanged)] : []),
      ...(about.leads === undefined ? [] : [ApiResponse(leadingTo(about.leads))]),
      ApiErrors(errorsOf(access, path, about), about.errorsMean),
      ...(about.refusal === undefined ? [] : [ApiExtraModels(about.refusal), unavailableAs(about.refusal, about)]),
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

const writes = (verb: Verb, { plane, permission }: Access): boolean =>
  verb !== 'get' && plane !== 'node' && permission?.level !== 'read';

const descriptionOf = (access: Access, { description, preconditioned, everywhere }: RouteOf): string =>
  [
    ...(description === undefined ? [] : [description]),
    whoMayCall(access),
    ...(everywhere === true ? ['A super user who names no organisation is shown what all have.'] : []),
    ...(preconditioned === true ? ['With `If-Match` nothing is written unless the version is still that one.'] : []),
  ].join(' ');

const whoMayCall = ({ plane, permission }: Access): string => {
  if (plane === 'operator') return 'For the operator, with the admin secret.';
  if (plane === 'node') return 'For gateways, with the node secret.';
  if (plane === 'public') return 'Open to everybody.';
  return permission === null
    ? 'For every user of the organisation.'
    : `Asks for the right to ${permission.level} \`${permission.section}\`.`;
};

const unchanged = {
  status: 304,
  description: 'The version is the one in If-None-Match',
  headers: { ...requestIdHeader, ...versionHeader },
};

const leadingTo = (description: string): ApiResponseOptions => ({
  status: 302,
  description,
  headers: { ...requestIdHeader, ...locationHeader },
});

const headersOf = ({ plane }: Access, { tagged, listed, replyHeaders }: RouteOf): HeaderDocs => ({
  ...requestIdHeader,
  ...(plane === 'node' ? {} : rateHeaders),
  ...(tagged === true ? versionHeader : {}),
  ...(listed === true ? nextPieceHeader : {}),
  ...replyHeaders,
});

const errorsOf = (
  { plane, permission }: Access,
  path: string,
  { body, preconditioned, errors = [] }: RouteOf,
): readonly ErrorStatus[] => {
  const all: ErrorStatus[] = [400, 429, 500, 503, ...errors];
  if (plane !== 'public') all.push(401);
  if (plane === 'node' || permission !== null) all.push(403);
  if (path.includes(':')) all.push(404);
  if (body !== undefined) all.push(413, 415);
  if (preconditioned === true) all.push(412, 428);
  return [...new Set(all)].sort((a, b) => a - b);
};
