/** A write would have given two rows the same value under a unique index. */
export class DuplicateKey extends Error {
  constructor(
    /** Fields of the index, in its order. */
    readonly fields: readonly string[],
    /** The values that are taken. */
    readonly values: Readonly<Record<string, unknown>>,
    options: ErrorOptions,
  ) {
    super(`Duplicate ${fields.join(', ')}`, options);
    this.name = 'DuplicateKey';
  }
}

/** Somebody else changed the row inside the same instant; MongoDB normally reports this itself, and the transaction runs again. */
export class LostRace extends Error {
  constructor() {
    super('The row was changed by another writer');
    this.name = 'LostRace';
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

const duplicateKeyCode = 11_000;

/** The index and values of MongoDB's duplicate key error, or null when the error is another one. */
export const duplicateKeyOf = (
  error: unknown,
): { fields: readonly string[]; values: Readonly<Record<string, unknown>> } | null => {
  if (!isRecord(error) || error['code'] !== duplicateKeyCode) return null;
  const details = [error, error['errorResponse']].find(
    (candidate) => isRecord(candidate) && isRecord(candidate['keyPattern']),
  );
  if (!isRecord(details) || !isRecord(details['keyPattern'])) return { fields: [], values: {} };
  return {
    fields: Object.keys(details['keyPattern']),
    values: isRecord(details['keyValue']) ? details['keyValue'] : {},
  };
};
