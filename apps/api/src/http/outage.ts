import { mongo } from 'mongoose';

/** Errors by which the drivers say that their database cannot be reached right now. */
const outageNames = new Set([
  'MongoServerSelectionError',
  'MongoNetworkError',
  'MongoNetworkTimeoutError',
  'MongoNotConnectedError',
  'MongoTopologyClosedError',
  'MongoPoolClearedError',
  'PoolClearedOnNetworkError',
  'MongooseServerSelectionError',
  'MongoClientClosedError',
  'MaxRetriesPerRequestError',
]);

const outageMessages = new Set([
  "Stream isn't writeable and enableOfflineQueue options is false",
  'Connection is closed.',
  'Command timed out',
]);

/** Mongoose gives up commands that it has held back while there was no connection. */
const heldBack =
  /^(Operation `[^`]*`|Connection operation) buffering timed out after|before initial connection is complete/;

const outageCodes = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT']);

/** Whether an error means that MongoDB or Redis is out of reach, so that the caller should try again. */
export const isOutage = (error: unknown): boolean => {
  if (typeof error !== 'object' || error === null) return false;
  if ('name' in error && typeof error.name === 'string' && outageNames.has(error.name)) return true;
  if ('message' in error && typeof error.message === 'string') {
    if (outageMessages.has(error.message) || heldBack.test(error.message)) return true;
  }
  if (isRetryable(error)) return true;
  return 'code' in error && typeof error.code === 'string' && outageCodes.has(error.code);
};

/** What the server itself calls worth another attempt: a change of its primary, a shutdown, a transaction that has to wait. */
const isRetryable = (error: object): boolean =>
  error instanceof mongo.MongoError &&
  (error.hasErrorLabel('RetryableWriteError') || error.hasErrorLabel('TransientTransactionError'));
