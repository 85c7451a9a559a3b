import type { JsonObject } from './decode';
import { NodeStopped, reasonOf } from './lifecycle';
import type { SignalSource } from './signals';

interface Check extends JsonObject {
  readonly status: 'pass' | 'fail';
}

const check = (componentType: string, problem?: string): Check => ({
  status: problem === undefined ? 'pass' : 'fail',
  ...(problem === undefined ? {} : { output: problem }),
  componentType,
  time: new Date().toISOString(),
});

/**
 * The health checks behind `/hello` (docs/tyk/nodes.md#calls, docs/tyk/signals.md#hello): every interval the node
 * pings the dashboard outside of its heartbeat, with the same nonce variable.
 */
export class HealthProbe {
  private details: Readonly<Record<string, Check>> = {};
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly version: string,
    private readonly ping: () => Promise<void>,
    private readonly signals: SignalSource | undefined,
  ) {}

  start(intervalMs: number): void {
    this.timer = setInterval(() => void this.probe(), intervalMs);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** The body of `/hello`; passes before the first check. */
  hello(): JsonObject {
    const checks = Object.values(this.details);
    const failed = checks.filter(({ status }) => status === 'fail').length;
    const partly = failed === checks.length ? 'fail' : 'warn';
    return {
      status: failed === 0 ? 'pass' : partly,
      version: this.version,
      description: 'Tyk GW',
      details: this.details,
    };
  }

  private async probe(): Promise<void> {
    const { signals } = this;
    const redis =
      signals === undefined ? {} : { redis: check('datastore', signals.connected ? undefined : 'Redis is down') };
    try {
      await this.ping();
      this.details = { dashboard: check('system'), ...redis };
    } catch (error) {
      if (error instanceof NodeStopped) return;
      this.details = { dashboard: check('system', reasonOf(error)), ...redis };
    }
  }
}
