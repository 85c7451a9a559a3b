export { ErrorReply, FieldErrorDto, IdReply, StatusReply } from './envelope';
export {
  Busy,
  CastellanError,
  Conflict,
  errorCodes,
  Forbidden,
  NotFound,
  PreconditionRequired,
  Unauthorised,
  Unavailable,
  ValidationFailed,
  VersionMismatch,
  type ErrorCode,
  type ErrorDetails,
  type FieldError,
} from './errors';
export { anyObject, dateTime, email, int32, int64, keepsUnknownFields, KeepsUnknownFields, uri } from './properties';
