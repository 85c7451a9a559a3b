/** One field that is wrong, as replies name it. */
export interface FieldError {
  /** Where, such as `api_definition.proxy.listen_path`. */
  readonly path: string;
  readonly message: string;
}

/** Every stable error code. `docs/errors.md` explains each; a test holds the two together. */
export const errorCodes = {
  malformed_json: 'The body cannot be read: it is neither JSON nor, where that is taken, YAML.',
  body_too_large: 'The body has more bytes or values than this installation accepts.',
  unsupported_media_type: 'The body is in a character set, a compression or a type that is not read here.',
  request_timeout: 'The request did not arrive in time.',
  validation_failed: 'One or more fields are wrong; `Errors` names each.',
  unauthorised: 'The credential is missing or not known.',
  forbidden: 'The credential is good, but lacks the permission for this route.',
  csrf_failed: 'A write with a session’s cookie did not come from our own pages, or lacks the session’s token.',
  second_factor_required: 'The password is right, and a code of the second factor is needed, too.',
  second_factor_on: 'The user has a second factor already.',
  login_too_old: 'The session began too long ago for this; log in again.',
  password_expired: 'The password is right and too old; send a new one with it.',
  organisation_needed: 'It is not said which organisation is meant, and there are several.',
  set_up_already: 'The installation has been set up; that can be done only once.',
  not_configured: 'The installation lacks a setting that this needs.',
  too_many_attempts: 'The secret is wrong, as were many from this address before it, or has to wait because of them.',
  rate_limited: 'The caller has sent more requests than it may; wait until its minute is over.',
  not_found: 'No such route, or no such resource in this organisation.',
  listen_path_conflict: 'Another active API listens on this path and domain.',
  slug_conflict: 'Another API of the organisation has this slug.',
  id_conflict: 'Another resource of this kind has this id.',
  email_conflict: 'Another user of the organisation has this email address.',
  rights_exceeded: 'It would take rights that the caller lacks.',
  last_administrator: 'The organisation would be left without an active administrator.',
  owner_slug_conflict: 'Another organisation has this `owner_slug`; `Meta` says which.',
  confirmation_needed: 'Much goes with the resource; `Meta` says what. Confirm it in a second call.',
  in_use: 'Something still refers to the resource; `Errors` lists it.',
  removal_running: 'The organisation is being deleted; wait until that is over.',
  import_running: 'A large import is being applied to the organisation; wait until it is over.',
  version_mismatch: 'What is there is not what the request was made for; `If-Match` or a count names that.',
  precondition_required: 'The organisation demands `If-Match` on writes.',
  limit_reached: 'A limit of the organisation or of the database would be passed.',
  secret_lost: 'The Redis of the gateways has lost the secret; rotate it.',
  incomplete: 'Less of it was kept than came, so it cannot be used again.',
  node_nonce_failed: 'The node’s nonce is not among its recent ones; it has to register again.',
  node_unknown: 'The node has left, or nobody knows it; it has to register again.',
  node_not_recognised: 'The node is not recognised; it keeps what it has, and its next ping is told to register.',
  busy: 'As much as possible is being worked on already; try again.',
  unavailable: 'A database is out of reach; try again.',
  internal: 'Something failed here; the log has the cause under the same request id.',
} as const;

export type ErrorCode = keyof typeof errorCodes;

export interface ErrorDetails {
  readonly errors?: readonly FieldError[];
  readonly meta?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** The base of every error that a caller is meant to see; carries status, code and what to say. */
export class CastellanError extends Error {
  readonly errors: readonly FieldError[];
  readonly meta: unknown;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    readonly status: number,
    readonly code: ErrorCode,
    message: string,
    details: ErrorDetails = {},
  ) {
    super(message, { cause: details.cause });
    this.name = new.target.name;
    this.errors = details.errors ?? [];
    this.meta = details.meta ?? null;
    this.headers = details.headers ?? {};
  }
}

/** 400: the request itself is wrong, and `errors` says where. */
export class ValidationFailed extends CastellanError {
  constructor(errors: readonly FieldError[], message?: string) {
    const [first] = errors;
    const said = message ?? (first === undefined ? 'Request malformed' : `${first.path}: ${first.message}`);
    super(400, 'validation_failed', said, { errors });
  }
}

/** 401 in Tyk's words (docs/tyk/management.md#replies). */
export class Unauthorised extends CastellanError {
  constructor(message = 'Not authorised') {
    super(401, 'unauthorised', message);
  }
}

/** 403 in Tyk's words, two spaces included (docs/tyk/management.md#replies). */
export class Forbidden extends CastellanError {
  constructor(path: string) {
    super(403, 'forbidden', `access denied: You do not have permission to access  ${path}`);
  }
}

/** 404; the same for a missing resource and for one of another organisation. */
export class NotFound extends CastellanError {
  constructor(message: string) {
    super(404, 'not_found', message);
  }
}

/** 409: the write collides with something that exists. */
export class Conflict extends CastellanError {
  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(409, code, message, details);
  }
}

/** 412: what is there is not what the caller had seen. */
export class VersionMismatch extends CastellanError {
  constructor(message: string, details: ErrorDetails = {}) {
    super(412, 'version_mismatch', message, details);
  }

  /** The resource moved on; says to which version. */
  static since(current: number): VersionMismatch {
    return new VersionMismatch(`The resource has changed; its version is ${current}`, {
      meta: { version: current },
      headers: { etag: `"${current}"` },
    });
  }
}

/** 428: the organisation insists that whoever writes says what they think there is. */
export class PreconditionRequired extends CastellanError {
  constructor() {
    super(428, 'precondition_required', 'The organisation demands an If-Match header on writes');
  }
}

/** 503: MongoDB or Redis is out of reach. */
export class Unavailable extends CastellanError {
  constructor(what: string, cause?: unknown) {
    super(503, 'unavailable', `${what} is out of reach, try again`, { cause, headers: { 'retry-after': '1' } });
  }
}

/** 503: there is a limit to what is done at once, and it is reached. */
export class Busy extends CastellanError {
  constructor(said: string) {
    super(503, 'busy', `${said}, try again`, { headers: { 'retry-after': '1' } });
  }
}
