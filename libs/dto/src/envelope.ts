import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { ErrorCode, FieldError } from './errors';
import { anyObject } from './properties';

/**
 * The reply to a write (docs/tyk/management.md#replies). The order of the fields is part of the contract: scripts cut
 * the last quoted value out of the compact line, so `ID`, and `Meta` where there is no `ID`, come last.
 */
export class StatusReply {
  @ApiProperty({ type: String, example: 'OK' })
  readonly Status = 'OK';

  @ApiProperty({ example: 'API created' })
  readonly Message: string;

  @ApiProperty({ type: String, nullable: true, example: null, description: 'Null, or the id that the write is about' })
  readonly Meta: unknown;

  @ApiPropertyOptional({ description: 'The api_id, on replies that create an API' })
  readonly ID?: string;

  constructor(message: string, meta: unknown = null, id?: string) {
    this.Message = message;
    this.Meta = meta;
    if (id !== undefined) this.ID = id;
  }
}

/** The reply to a write that says in `Meta` which resource it is about. */
export class IdReply {
  @ApiProperty({ example: 'OK' })
  readonly Status!: string;

  @ApiProperty({ example: 'Created' })
  readonly Message!: string;

  @ApiProperty({ example: '54b53d3aeba6db5c35000002', description: 'Database id of the resource' })
  readonly Meta!: string;
}

export class FieldErrorDto implements FieldError {
  @ApiProperty({ example: 'api_definition.proxy.listen_path' })
  readonly path!: string;

  @ApiProperty({ example: 'must start with "/"' })
  readonly message!: string;
}

/** Every error, on every plane: Tyk's envelope, then what Castellan adds. */
export class ErrorReply {
  @ApiProperty({ type: String, example: 'Error' })
  readonly Status = 'Error';

  @ApiProperty({ example: 'Not authorised' })
  readonly Message: string;

  @ApiProperty({ ...anyObject, nullable: true, example: null, description: 'What else there is to know, by code' })
  readonly Meta: unknown;

  @ApiProperty({ type: String, example: 'unauthorised', description: 'Stable; docs/errors.md lists every code' })
  readonly Code: ErrorCode;

  @ApiProperty({ type: [FieldErrorDto] })
  readonly Errors: readonly FieldError[];

  @ApiProperty({ description: 'The same as the X-Request-ID header and the log' })
  readonly RequestID: string;

  constructor(message: string, meta: unknown, code: ErrorCode, errors: readonly FieldError[], requestId: string) {
    this.Message = message;
    this.Meta = meta;
    this.Code = code;
    this.Errors = errors;
    this.RequestID = requestId;
  }
}
