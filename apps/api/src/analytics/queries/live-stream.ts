import type { ServerResponse } from 'node:http';

/** Bytes that may wait for a reader; a slower one gets fewer events, not more memory. */
const mostWaiting = 64 * 1024;
/** Events in a row that a reader may miss. One who has taken nothing for that long is gone, or will not catch up. */
const mostMissed = 60;

/** Server-sent events for one reader. */
export class LiveStream {
  private skipped = 0;
  private missed = 0;
  private busy = false;

  constructor(private readonly raw: ServerResponse) {}

  /**
   * Sends an event, unless the one before is still being made or too much of what was sent has not been taken; whoever takes
   * nothing for a long time is let go.
   *
   * @param event makes its text, of how many were left out so far
   */
  async send(event: (skipped: number) => Promise<string>): Promise<void> {
    if (this.busy) return;
    if (this.raw.writableLength > mostWaiting) {
      this.skipped += 1;
      this.missed += 1;
      // What waits would never be taken, so that an orderly end would never come.
      if (this.missed >= mostMissed) this.raw.destroy();
      return;
    }
    this.missed = 0;
    this.busy = true;
    try {
      this.raw.write(await event(this.skipped));
    } finally {
      this.busy = false;
    }
  }
}
