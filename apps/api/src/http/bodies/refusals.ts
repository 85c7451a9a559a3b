import { CastellanError, type FieldError } from '@castellan/dto';

/** 400: nobody can tell what the body says. */
export class MalformedBody extends CastellanError {
  constructor(said: string, errors: readonly FieldError[] = [], cause?: unknown) {
    super(400, 'malformed_json', `Request body malformed: ${said}`, { errors, cause });
  }
}

/** 413: more than is read, be it bytes, values or levels. */
export class BodyTooLarge extends CastellanError {
  constructor(said: string) {
    super(413, 'body_too_large', said);
  }
}

/** 415: written in a way that is not read here. */
export class UnsupportedBody extends CastellanError {
  constructor(said: string) {
    super(415, 'unsupported_media_type', said);
  }
}
