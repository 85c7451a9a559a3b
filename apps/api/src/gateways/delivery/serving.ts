import { Injectable } from '@nestjs/common';
import { Health } from '@castellan/observability';
import { GenerationService } from './generation.service';

/** Whether this replica can serve nodes what they should run. */
@Injectable()
export class Serving {
  constructor(
    private readonly health: Health,
    private readonly generations: GenerationService,
  ) {}

  /**
   * Asked right before any node is told to load. Gateways with the recovery (5.3.12, 5.8.6, 5.10.0 and later) hang for
   * ever when a load that they have begun is cut off or refused, so the lists are made first, and only what can be
   * served is announced.
   */
  async isReady(): Promise<boolean> {
    // MongoDB is asked for the lists themselves, and without Redis nobody is told anything.
    if (!this.health.isServing) return false;
    try {
      await this.generations.current();
      return true;
    } catch {
      return false;
    }
  }
}
