import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type HostManagerConfig } from '@castellan/config';
import { GATEWAY_SECRET_HEADER } from '@castellan/tyk';
import { z } from 'zod';

const reloadReply = z.object({ status: z.string() });
const helloReply = z.object({ version: z.string() });
/** How long a gateway may take to say its version, in milliseconds. */
const helloTimeoutMs = 2_000;

/** Speaks the control API of one gateway (reference 3.3). */
@Injectable()
export class GatewayClient {
  constructor(@Inject(CONFIG) private readonly config: HostManagerConfig) {}

  /**
   * Has the gateway load its configuration, and waits until it has.
   *
   * @throws Error with a reason that an operator understands
   */
  async reload(url: string): Promise<void> {
    const { gatewaySecret, reloadTimeoutMs } = this.config;
    const response = await fetch(`${url}/tyk/reload/?block=true`, {
      headers: { [GATEWAY_SECRET_HEADER]: gatewaySecret },
      signal: AbortSignal.timeout(reloadTimeoutMs),
    }).catch((error: unknown) => {
      throw new Error(whyUnreachable(error, reloadTimeoutMs), { cause: error });
    });
    const body = await response.text();
    if (response.status === 403) throw new Error('The gateway refused the secret in CASTELLAN_GATEWAY_SECRET');
    if (!response.ok || !saysOk(body))
      throw new Error(`The gateway answered ${response.status}: ${body.slice(0, 200)}`);
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

const whyUnreachable = (error: unknown, timeoutMs: number): string => {
  if (error instanceof Error && error.name === 'TimeoutError') return `No answer within ${timeoutMs} ms`;
  const cause: unknown = error instanceof Error ? error.cause : undefined;
  return `Not reachable: ${cause instanceof Error ? cause.message : String(error)}`;
};
