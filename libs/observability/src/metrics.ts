import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** The Prometheus figures of one process. Every name begins with `castellan_`, but for those of the runtime itself. */
export class Metrics {
  readonly registry = new Registry();

  readonly httpRequests = new Histogram({
    name: 'castellan_http_request_duration_seconds',
    help: 'Requests by method, route and status',
    labelNames: ['method', 'route', 'status'] as const,
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers: [this.registry],
  });

  constructor(service: string) {
    this.registry.setDefaultLabels({ service });
    // Includes the delay of the event loop.
    collectDefaultMetrics({ register: this.registry });
  }

  /** Something that only ever grows, such as what people set alerts on. Known from the start, at zero. */
  counter<L extends string>(name: `castellan_${string}_total`, help: string, labels: readonly L[]): Counter<L> {
    return new Counter({ name, help, labelNames: labels, registers: [this.registry] });
  }

  /** How long something took, in seconds. */
  histogram<L extends string>(
    name: `castellan_${string}_seconds`,
    help: string,
    labels: readonly L[],
    buckets: readonly number[],
  ): Histogram<L> {
    return new Histogram({ name, help, labelNames: labels, buckets: [...buckets], registers: [this.registry] });
  }

  /** A gauge whose value is asked for at each scrape. A source that fails is left out of that scrape. */
  gauge(name: string, help: string, labels: readonly string[], read: () => Promise<readonly GaugeReading[]>): void {
    new Gauge({
      name,
      help,
      labelNames: labels,
      registers: [this.registry],
      async collect() {
        this.reset();
        // Without labels a reset leaves a zero behind, which would read as a measurement.
        if (labels.length === 0) this.remove();
        const readings = await read().catch(() => []);
        for (const { labels: labelled, value } of readings) this.set(labelled, value);
      },
    });
  }

  async text(): Promise<{ contentType: string; body: string }> {
    return { contentType: this.registry.contentType, body: await this.registry.metrics() };
  }
}

export interface GaugeReading {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}
