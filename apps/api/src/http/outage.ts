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

const outageMessages = [
  "Stream isn't writeable and enableOfflineQueue options is false",
  'Connection is closed.',
  'Command timed out',
];

const outageCodes = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT']);

/** Whether an error means that MongoDB or Redis is out of reach, so that the caller should try again. */
export const isOutage = (error: unknown): boolean => {
  if (!(error instanceof Error)) return false;
  if (outageNames.has(error.name)) return true;
  if (outageMessages.includes(error.message)) return true;
  return 'code' in error && typeof error.code === 'string' && outageCodes.has(error.code);
};
