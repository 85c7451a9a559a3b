import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { REDIS, toTransportMessage, transportEvents } from '@castellan/delivery';
import { Clock, LOGGER, Metrics, Recurring, type Logger } from '@castellan/observability';
import { CertificateStore, type CertificateRow } from '@castellan/persistence';
import { dayMs, daysUntil } from './certificate-view';

/** So many days before its end a certificate is warned of, each once. */
export const warningDays = [30, 14, 7, 1, 0] as const;

const lookMs = 60_000;
const batchSize = 100;

/** Warns of certificates that end soon: in the log, and by an event, once for each time. */
@Injectable()
export class CertificateWarnings implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly loop: Recurring;
  private readonly warned: ReturnType<Metrics['counter']>;

  constructor(
    private readonly certificates: CertificateStore,
    private readonly clock: Clock,
    @Inject(REDIS) private readonly redis: Redis,
    @Inject(LOGGER) private readonly logger: Logger,
    metrics: Metrics,
  ) {
    this.loop = new Recurring('ends of certificates', lookMs, () => this.warn(), logger);
    this.warned = metrics.counter(
      'castellan_certificate_warnings_total',
      'Warnings that a certificate ends soon, or has ended',
      [],
    );
  }

  onApplicationBootstrap(): void {
    this.loop.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.loop.stop();
  }

  /** Warns of everything that is due: of what ends first by the shortest time, so that it is warned of once. */
  async warn(): Promise<void> {
    const now = this.clock.now();
    for (const days of [...warningDays].reverse()) {
      const before = new Date(now.getTime() + days * dayMs);
      for (;;) {
        const rows = await this.certificates.toWarnOf(before, days, batchSize);
        for (const row of rows) await this.warnOf(row, days, now);
        if (rows.length < batchSize) break;
      }
    }
  }

  private async warnOf(row: CertificateRow, days: number, now: Date): Promise<void> {
    if (!(await this.certificates.noteWarning(row, days))) return;
    const { certificateId, subject, notAfter, orgId } = row;
    const event = {
      organisation: orgId.toString(),
      certificate: certificateId,
      subject,
      ends: (notAfter ?? now).toISOString(),
      days: daysUntil(notAfter ?? now, now),
    };
    this.warned.inc();
    this.logger.warn(event, days === 0 ? 'A certificate has ended' : 'A certificate ends soon');
    const pattern = transportEvents.certificateExpiring;
    await this.redis.publish(pattern, toTransportMessage(pattern, event));
  }
}
