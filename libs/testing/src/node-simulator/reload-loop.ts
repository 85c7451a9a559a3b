interface Waiting {
  readonly reason: string;
  readonly done: () => void;
}

/**
 * The queue between "something changed" and a reload: whatever was asked for since the last tick is done as one reload.
 * A tick that passes during a reload is made up for right after it, as a Go ticker does.
 */
export class ReloadLoop {
  private waiting: Waiting[] = [];
  private timer: NodeJS.Timeout | undefined;
  private busy = false;
  private missedTick = false;

  /** @param reload must not fail */
  constructor(private readonly reload: (reasons: readonly string[]) => Promise<unknown>) {}

  start(tickMs: number): void {
    this.timer = setInterval(() => {
      this.tick();
    }, tickMs);
  }

  /** Asks for a reload; resolves when it has been tried, whatever came of it, or when the loop stops. */
  queue(reason: string): Promise<void> {
    return new Promise((done) => {
      this.waiting.push({ reason, done });
    });
  }

  /** Whether a reload is under way or waits for the next tick. */
  get hasWork(): boolean {
    return this.busy || this.waiting.length > 0;
  }

  stop(): void {
    clearInterval(this.timer);
    for (const { done } of this.waiting.splice(0)) done();
  }

  private tick(): void {
    if (this.busy) {
      this.missedTick = true;
      return;
    }
    const batch = this.waiting.splice(0);
    if (batch.length === 0) return;
    this.busy = true;
    void this.reload([...new Set(batch.map(({ reason }) => reason))]).finally(() => {
      this.busy = false;
      for (const { done } of batch) done();
      if (!this.missedTick) return;
      this.missedTick = false;
      this.tick();
    });
  }
}
