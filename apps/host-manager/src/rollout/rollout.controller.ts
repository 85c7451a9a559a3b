import { Controller, Inject } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { configurationChangedSchema, transportEvents } from '@castellan/delivery';
import { LOGGER, type Logger } from '@castellan/observability';
import { RolloutService } from './rollout.service';

/** What the API tells over the transport. */
@Controller()
export class RolloutController {
  constructor(
    private readonly rollout: RolloutService,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  @EventPattern(transportEvents.configurationChanged)
  configurationChanged(@Payload() event: unknown): void {
    const parsed = configurationChangedSchema.safeParse(event);
    if (!parsed.success) {
      this.logger.warn({ problems: parsed.error.issues }, 'An event could not be read');
      return;
    }
    this.rollout.request(parsed.data.reason);
  }
}
