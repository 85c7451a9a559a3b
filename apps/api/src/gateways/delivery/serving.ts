import { Injectable } from '@nestjs/common';
import { Health } from '@castellan/observability';
import { AssignedGenerations } from '../nodes/assigned-generations';
import { NodeRegistry } from '../nodes/node-registry';
import { Rollout } from './rollout';

/** Whether this replica can serve nodes what they should run. */
@Injectable()
export class Serving {
  constructor(
    private readonly health: Health,
    private readonly rollout: Rollout,
    private readonly registry: NodeRegistry,
    private readonly assigned: AssignedGenerations,
  ) {}

  /**
   * Asked right before any node is told to load. Gateways with the recovery (5.3.12, 5.8.6, 5.10.0 and later) hang for
   * ever when a load that they have begun is cut off or refused, so the lists are made first, and only what can be
   * served is announced. Where nodes are assigned different generations, host managers have to know that first.
   */
  async isReady(): Promise<boolean> {
    // MongoDB is asked for the lists themselves, and without Redis nobody is told anything.
    if (!this.health.isServing) return false;
    try {
      const assignment = await this.rollout.current();
      if (assignment.holdsBack) await this.assigned.note(assignment, await this.registry.all());
      return true;
    } catch {
      return false;
    }
  }
}
