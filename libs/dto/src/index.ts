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
export {
  configurationChangedSchema,
  nodeReloadedSchema,
  toTransportMessage,
  transportEvents,
  type ConfigurationChanged,
  type NodeReloaded,
  type TransportEvent,
} from './events';
export { anyObject, dateTime, email, int32, int64, keepsUnknownFields, KeepsUnknownFields, uri } from './properties';
