import { Injectable } from '@nestjs/common';
import type { Generation } from './generation';
import { GenerationService } from './generation.service';

/** Which generation each node is to run, at one moment. */
export interface Assignment {
  readonly newest: Generation;
  /** The generation that a node is assigned, and so is served. */
  of(nodeId: string): Generation;
}

/** How a new generation spreads over the nodes. */
export interface RolloutStrategy {
  assign(newest: Generation): Assignment;
}

/** All nodes at once are assigned the newest. */
const allAtOnce: RolloutStrategy = { assign: (newest) => ({ newest, of: () => newest }) };

/** Says which generation each node is assigned, as the strategy has it. */
@Injectable()
export class Rollout {
  private readonly strategy: RolloutStrategy = allAtOnce;

  constructor(private readonly generations: GenerationService) {}

  /** @throws when MongoDB is out of reach */
  async current(): Promise<Assignment> {
    return this.strategy.assign(await this.generations.current());
  }
}
