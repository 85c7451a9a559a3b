import { Injectable } from '@nestjs/common';
import type { NodeRecord } from '@castellan/delivery';
import type { Assignment } from '../delivery/rollout';
import { NodeRegistry } from './node-registry';

/**
 * Tells host managers which nodes are assigned another generation than the newest: they see a gateway as behind by that, and
 * have no other word of it. What is noted already is not noted again.
 */
@Injectable()
export class AssignedGenerations {
  constructor(private readonly registry: NodeRegistry) {}

  async note({ newest, of }: Assignment, records: readonly NodeRecord[]): Promise<void> {
    const wanted = records.map(({ id, assigned }) => {
      const { name } = of(id);
      return { id, assigned, generation: name === newest.name ? null : name };
    });
    const others = wanted.filter(({ assigned, generation }) => assigned !== generation);
    await Promise.all(others.map(({ id, generation }) => this.registry.recordAssigned(id, generation)));
  }
}
