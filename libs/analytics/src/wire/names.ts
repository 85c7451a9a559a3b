/** Whose record it is, and of whom; empty where it does not say, or cannot be read. */
export interface RecordNames {
  readonly orgId: string;
  readonly apiKey: string;
  readonly alias: string;
  readonly ipAddress: string;
}
