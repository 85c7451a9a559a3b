import { Injectable } from '@nestjs/common';
import { Counter, Histogram } from 'prom-client';
import { Metrics } from '@castellan/observability';

/** What became of a record. */
type Outcome = 'stored' | 'left_out' | 'uptime' | 'unreadable';

/** Figures of the purger for Prometheus. */
@Injectable()
export class PurgerMetrics {
  private readonly records: Counter<'outcome'>;
  private readonly transactions: Histogram;

  constructor(private readonly metrics: Metrics) {
    this.records = new Counter({
      name: 'castellan_analytics_records_total',
      help: 'Analytics records taken out of Redis, by what became of them',
      labelNames: ['outcome'] as const,
      registers: [metrics.registry],
    });
    this.transactions = new Histogram({
      name: 'castellan_analytics_transaction_seconds',
      help: 'Time in which MongoDB stored a chunk of records with its rollups',
      buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers: [metrics.registry],
    });
  }

  /** Gauges, read at each scrape. */
  watch(read: () => { readonly lagSeconds: number; readonly waiting: number }): void {
    this.metrics.gauge(
      'castellan_analytics_lag_seconds',
      'Age of the oldest analytics record that waits in Redis and is known to this replica',
      [],
      () => Promise.resolve([{ labels: {}, value: read().lagSeconds }]),
    );
    this.metrics.gauge(
      'castellan_analytics_waiting_records',
      'Analytics records that wait in Redis and are known to this replica',
      [],
      () => Promise.resolve([{ labels: {}, value: read().waiting }]),
    );
  }

  stored(counts: Readonly<Record<Outcome, number>>, elapsedMs: number): void {
    this.transactions.observe(elapsedMs / 1_000);
    for (const [outcome, count] of Object.entries(counts)) this.records.inc({ outcome }, count);
  }
}
