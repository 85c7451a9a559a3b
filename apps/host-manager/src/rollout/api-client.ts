import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type HostManagerConfig } from '@castellan/config';
import { LOGGER, type Logger } from '@castellan/observability';

/** How long the API may take to say whether it is ready, in milliseconds. */
const readyTimeoutMs = 3_000;

/** The API, where gateways reach it. */
@Injectable()
export class ApiClient {
  private wasReady = true;

  constructor(
    @Inject(CONFIG) private readonly config: HostManagerConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * Whether the API can serve a gateway at this moment. Asked right before each reload: newer gateways hang for ever when
   * a load that they have begun is refused or cut off.
   */
  async isReady(): Promise<boolean> {
    const { apiUrl } = this.config;
    const ready = await answersReady(apiUrl, readyTimeoutMs);
    if (ready !== this.wasReady) {
      if (ready)
        this.logger.info({ api: apiUrl }, 'The API is ready again; gateways are reloaded where they have to be');
      else
        this.logger.warn(
          { api: apiUrl },
          'The API is not ready, or CASTELLAN_API_URL is wrong; no gateway is reloaded',
        );
    }
    this.wasReady = ready;
    return ready;
  }
}

/** Whether an API says in so many milliseconds that it is ready; whatever else it does, it is not. */
export const answersReady = async (apiUrl: string, withinMs: number): Promise<boolean> => {
  try {
    const response = await fetch(`${apiUrl}/health/ready`, { signal: AbortSignal.timeout(withinMs) });
    await response.arrayBuffer();
    return response.status === 200;
  } catch {
    return false;
  }
};
