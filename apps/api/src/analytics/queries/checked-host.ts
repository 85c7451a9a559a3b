import type { UptimeDocument } from '@castellan/analytics';
import type { UptimeDto } from './uptime.dto';

/** How long a check says something when no other follows, in milliseconds. */
const holdsMs = 10 * 60_000;
/** An address that changed so often within an hour is neither up nor down. */
const flappingChanges = 6;
const flappingMs = 3_600_000;

/** What the checks of one address come to; they are added in the order of time. */
export class CheckedHost {
  private checks = 0;
  private failed = 0;
  private outages = 0;
  private upMs = 0;
  private knownMs = 0;
  /** Time since the first of failed checks that are too few yet for an outage. */
  private doubtfulMs = 0;
  private failedInRow = 0;
  private requestTime = 0;
  private lastAt: number | null = null;
  private changes = 0;
  /** When it changed, the last hour of it. */
  private recent: number[] = [];

  /** @param failures failed checks in a row that make an outage */
  constructor(
    private readonly url: string,
    private readonly apiId: string,
    private readonly failures: number,
  ) {}

  add(check: Pick<UptimeDocument, 'tcperror' | 'servererror' | 'timestamp' | 'requesttime'>): void {
    const at = check.timestamp.getTime();
    this.hold(at);
    this.lastAt = at;
    this.checks += 1;
    this.requestTime += check.requesttime;
    if (check.tcperror || check.servererror) this.fail(at);
    else this.succeed(at);
  }

  /** @param end the last check holds until then, if it was not too long ago */
  upTo(end: number): UptimeDto {
    this.hold(end);
    const { url, checks, failed, outages, changes, knownMs } = this;
    const upMs = this.upMs + this.doubtfulMs;
    return {
      url,
      api_id: this.apiId,
      checks,
      failed,
      availability: knownMs === 0 ? (this.isDown ? 0 : 100) : Math.round((upMs / knownMs) * 1_000_000) / 10_000,
      outages,
      changes,
      flapping: this.recent.filter((at) => at > end - flappingMs).length >= flappingChanges,
      up: !this.isDown,
      last_check: new Date(this.lastAt ?? 0).toISOString(),
      request_time: checks === 0 ? 0 : this.requestTime / checks,
    };
  }

  private get isDown(): boolean {
    return this.failedInRow >= this.failures;
  }

  private fail(at: number): void {
    this.failed += 1;
    this.failedInRow += 1;
    if (this.failedInRow !== this.failures) return;
    // It was down since the first of them.
    this.doubtfulMs = 0;
    this.outages += 1;
    if (this.checks > this.failures) this.changed(at);
  }

  private succeed(at: number): void {
    if (this.isDown) this.changed(at);
    this.upMs += this.doubtfulMs;
    this.doubtfulMs = 0;
    this.failedInRow = 0;
  }

  private changed(at: number): void {
    this.changes += 1;
    this.recent = [...this.recent.filter((one) => one > at - flappingMs), at];
  }

  /** The last check holds until this instant, or as long as one does. */
  private hold(until: number): void {
    if (this.lastAt === null) return;
    const heldMs = Math.max(Math.min(until - this.lastAt, holdsMs), 0);
    this.knownMs += heldMs;
    if (this.failedInRow === 0) this.upMs += heldMs;
    else if (!this.isDown) this.doubtfulMs += heldMs;
  }
}
