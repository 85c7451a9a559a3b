/** Things that are got one after the other, the next one while somebody is busy with the one before. */
export class Ahead<T> {
  private coming: Promise<T> | null = null;

  constructor(private readonly get: () => Promise<T>) {}

  /** Whether there is one that is got already, or on its way. */
  get begun(): boolean {
    return this.coming !== null;
  }

  /** Begins to get the next one, unless that has been begun. */
  begin(): void {
    void this.started();
  }

  next(): Promise<T> {
    const coming = this.started();
    this.coming = null;
    return coming;
  }

  private started(): Promise<T> {
    if (this.coming === null) {
      this.coming = this.get();
      // It may fail before anybody waits for it.
      this.coming.catch(() => undefined);
    }
    return this.coming;
  }
}
