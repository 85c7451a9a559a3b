import { Inject, Injectable } from '@nestjs/common';
import type { Generation } from './generation';
import { GenerationService } from './generation.service';

/** Which generation each node is to run, at one moment. */
export interface Assignment {
  readonly newest: Generation;
  /** Whether some node may be assigned another one than the newest. */
  readonly holdsBack: boolean;
  /** The generation that a node is assigned, and so is served. */
  readonly of: (nodeId: string) => Generation;
}

/** How a new generation spreads over the nodes. */
export interface RolloutStrategy {
  assign(newest: Generation): Assignment;
}

/** Injection token of the strategy that the installation has. */
export const ROLLOUT_STRATEGY = Symbol('ROLLOUT_STRATEGY');

/** All nodes at once are assigned the newest. */
export const allAtOnce: RolloutStrategy = { assign: (newest) => ({ newest, holdsBack: false, of: () => newest }) };

/** Says which generation each node is assigned, as the strategy has it. */
@Injectable()
export class Rollout {
  constructor(
    private readonly generations: GenerationService,
    @Inject(ROLLOUT_STRATEGY) private readonly strategy: RolloutStrategy,
  ) {}

  /** @throws when MongoDB is out of reach */
  async current(): Promise<Assignment> {
    return this.strategy.assign(await this.generations.current());
  }
}
