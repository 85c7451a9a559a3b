/** What a body may hold. */
export interface JsonLimits {
  /** How deep lists and objects may be inside each other. */
  readonly depth: number;
  /** How many values there may be, those inside others included. */
  readonly values: number;
  /** How many entries one list or object may have. */
  readonly entries: number;
}

/** Deeper than any definition seen in the wild, far from what would exhaust a recursive reader's stack. */
const depth = 200;

/** Real documents have a value for every 25 to 40 bytes. */
const bytesOfValue = 16;
const bytesOfEntry = 160;

/** What a body of so many bytes may hold. A small body may always hold some. */
export const limitsFor = (bytes: number): JsonLimits => ({
  depth,
  values: Math.max(10_000, Math.floor(bytes / bytesOfValue)),
  entries: Math.max(1_000, Math.floor(bytes / bytesOfEntry)),
});
