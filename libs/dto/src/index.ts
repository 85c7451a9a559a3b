export { ErrorReply, FieldErrorDto, StatusReply } from './envelope';
export {
  Busy,
  CastellanError,
  Conflict,
  errorCodes,
  Forbidden,
  NotFound,
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
