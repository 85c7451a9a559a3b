import { applyDecorators } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import { ErrorReply } from '@castellan/dto';

const descriptions = {
  400: 'A field or a parameter is wrong; `Errors` names it',
  401: 'The credential is missing or wrong',
  403: 'The permission is missing',
  404: 'No such resource in this organisation',
  409: 'Collides with something that exists',
  412: 'The resource has changed since the version in If-Match',
  413: 'The body is too large',
  422: 'The kind is not known',
  428: 'The organisation demands If-Match',
  429: 'Too many wrong secrets from this address',
  503: 'A database is out of reach; try again',
} as const;

export type ErrorStatus = keyof typeof descriptions;

const text = { type: 'string' } as const;
const requestId = { 'X-Request-ID': { description: 'The same as in the log', schema: text } };
const retryAfter = { 'Retry-After': { description: 'Seconds to wait', schema: { type: 'integer' as const } } };
const waiting: readonly ErrorStatus[] = [429, 503];

/** The errors that a route may answer, for the OpenAPI document. */
export const ApiErrors = (...statuses: readonly ErrorStatus[]): MethodDecorator =>
  applyDecorators(
    ...statuses.map((status) =>
      ApiResponse({
        status,
        type: ErrorReply,
        description: descriptions[status],
        headers: { ...requestId, ...(waiting.includes(status) ? retryAfter : {}) },
      }),
    ),
  );
