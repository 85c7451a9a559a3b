import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type HostManagerConfig } from '@castellan/config';
import { GATEWAY_SECRET_HEADER } from '@castellan/delivery';
import { z } from 'zod';

const reloadReply = z.object({ status: z.string() });
const helloReply = z.object({ version: z.string() });
/** How long a gateway may take to say its version, in milliseconds. */
const helloTimeoutMs = 2_000;

/** Speaks the control API of one gateway (docs/tyk/signals.md#control-api). */
@Injectable()
export class GatewayClient {
  constructor(@Inject(CONFIG) private readonly config: HostManagerConfig) {}

  /**
   * Has the gateway load its configuration, and waits until it has.
   *
   * @throws Error with a reason that an operator understands
   */
  async reload(url: string): Promise<void> {
    const { status, body } = await this.askForReload(url);
    if (status === 403) throw new Error('The gateway refused the secret in CASTELLAN_GATEWAY_SECRET');
    if (status !== 200 || !saysOk(body)) throw new Error(`The gateway answered ${status}: ${body.slice(0, 200)}`);
  }

  private async askForReload(url: string): Promise<{ status: number; body: string }> {
    const { gatewaySecret, reloadTimeoutMs } = this.config;
    try {
      const response = await fetch(`${url}/tyk/reload/?block=true`, {
        headers: { [GATEWAY_SECRET_HEADER]: gatewaySecret },
        // The secret is for this gateway, and not for wherever it may point.
        redirect: 'manual',
        signal: AbortSignal.timeout(reloadTimeoutMs),
      });
      return { status: response.status, body: await response.text() };
    } catch (error) {
      throw new Error(whyUnreachable(error, reloadTimeoutMs), { cause: error });
    }
  }

  /** The version in `/hello`, or null when the gateway does not say. */
  async version(url: string): Promise<string | null> {
    try {
      const response = await fetch(`${url}/hello`, { signal: AbortSignal.timeout(helloTimeoutMs) });
      const parsed = helloReply.safeParse(await response.json());
      return parsed.success ? parsed.data.version : null;
    } catch {
      return null;
    }
  }
}

const saysOk = (body: string): boolean => {
  try {
    return reloadReply.parse(JSON.parse(body)).status === 'ok';
  } catch {
    return false;
  }
};

/** `fetch` rejects with errors of several classes; what they have in common is this. */
const errorSchema = z.object({ name: z.string(), message: z.string(), cause: z.unknown() }).partial();

const whyUnreachable = (error: unknown, timeoutMs: number): string => {
  const { name, message, cause } = errorSchema.catch({}).parse(error);
  if (name === 'TimeoutError') return `No answer within ${timeoutMs} ms`;
  return `Not reachable: ${errorSchema.catch({}).parse(cause).message ?? message ?? String(error)}`;
};
