import { applyDecorators } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import { errorCodes, type ErrorCode } from '@castellan/dto';
import { requestIdHeader } from './header-docs';

interface About {
  readonly description: string;
  /** The code that is most often behind it, for the example. */
  readonly code: ErrorCode;
}

const errors = {
  400: { description: 'A field or a parameter is wrong; `Errors` names it', code: 'validation_failed' },
  401: { description: 'The credential is missing or wrong', code: 'unauthorised' },
  403: { description: 'The permission is missing', code: 'forbidden' },
  404: { description: 'No such resource in this organisation', code: 'not_found' },
  409: { description: 'Collides with something that exists', code: 'id_conflict' },
  412: { description: 'The resource has changed since the version in If-Match', code: 'version_mismatch' },
  413: { description: 'The body is too large', code: 'body_too_large' },
  415: {
    description: 'The body is in a type, a character set or a compression that is not read',
    code: 'unsupported_media_type',
  },
  422: { description: 'What was sent cannot be used', code: 'validation_failed' },
  428: { description: 'The organisation demands If-Match', code: 'precondition_required' },
  429: { description: 'Too many requests, or too many wrong credentials from this address', code: 'too_many_attempts' },
  500: { description: 'Something failed here; the log has the cause under `RequestID`', code: 'internal' },
  503: { description: 'A database is out of reach; try again', code: 'unavailable' },
} as const satisfies Readonly<Record<number, About>>;

export type ErrorStatus = keyof typeof errors;

const retryAfter = {
  'Retry-After': { description: 'Seconds to wait', schema: { type: 'integer' as const, format: 'int32', example: 1 } },
};
const currentVersion = { ETag: { description: 'The version that there is', schema: { type: 'string' as const } } };

const headersOf: Readonly<Partial<Record<ErrorStatus, object>>> = {
  412: currentVersion,
  429: retryAfter,
  503: retryAfter,
};

const exampleOf = (code: ErrorCode): object => ({
  Status: 'Error',
  Message: errorCodes[code],
  Meta: null,
  Code: code,
  Errors: [],
  RequestID: exampleRequestId,
});

const exampleRequestId = '0462e283-a55f-41ab-6482-60d2eeb1858c';

/** The errors that a route may answer, for the OpenAPI document. */
export const ApiErrors = (
  statuses: readonly ErrorStatus[],
  descriptions: Readonly<Partial<Record<ErrorStatus, string>>> = {},
): MethodDecorator =>
  applyDecorators(
    ...statuses.map((status) =>
      ApiResponse({
        status,
        description: descriptions[status] ?? errors[status].description,
        headers: { ...requestIdHeader, ...headersOf[status] },
        content: {
          'application/json': {
            schema: { $ref: '#/components/schemas/ErrorReply' },
            example: exampleOf(errors[status].code),
          },
        },
      }),
    ),
  );
