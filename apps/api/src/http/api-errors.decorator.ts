import { applyDecorators } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import { ErrorReply } from '@castellan/dto';

const descriptions = {
  400: 'A field is wrong; `Errors` names it',
  401: 'The credential is missing or wrong',
  403: 'The permission is missing',
  404: 'No such resource in this organisation',
  409: 'Collides with something that exists',
  412: 'The resource has changed since the version in If-Match',
  413: 'The body is too large',
  428: 'The organisation demands If-Match',
  429: 'Too many wrong secrets from this address',
} as const;

/** The errors that a route may answer, for the OpenAPI document. */
export const ApiErrors = (...statuses: readonly (keyof typeof descriptions)[]): MethodDecorator =>
  applyDecorators(
    ...statuses.map((status) => ApiResponse({ status, type: ErrorReply, description: descriptions[status] })),
  );
