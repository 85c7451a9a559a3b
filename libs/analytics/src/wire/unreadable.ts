/** Bytes that are no record. The message says why, and never repeats what stands in them. */
export class UnreadableRecord extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'UnreadableRecord';
  }
}
