import { Injectable } from '@nestjs/common';
import type { Generation } from './generation';
import { GenerationService } from './generation.service';

/** Which generation each node is to run, at one moment. */
export interface Assignment {
  readonly newest: Generation;
  /** The generation that a node is assigned, and so is served. */
  of(nodeId: string): Generation;
}

/** Decides how a new generation spreads over the nodes. One strategy: all nodes at once are assigned the newest. */
@Injectable()
export class Rollout {
  constructor(private readonly generations: GenerationService) {}

  /** @throws when MongoDB is out of reach */
  async current(): Promise<Assignment> {
    const newest = await this.generations.current();
    return { newest, of: () => newest };
  }
}
