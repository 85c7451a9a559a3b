import { Injectable } from '@nestjs/common';
import { Clock } from '@castellan/observability';
import { Rollout } from '../delivery/rollout';
import { NodeRegistry } from './node-registry';
import { isSilent } from './node-state.service';

/** Says what nodes run, and what no node runs any more. */
@Injectable()
export class LoadedTexts {
  constructor(
    private readonly rollout: Rollout,
    private readonly registry: NodeRegistry,
    private readonly clock: Clock,
  ) {}

  /**
   * Whether some node may run a definition with this text in it. A node that is silent counts until it is forgotten: one that is
   * cut off from here goes on serving what it has.
   *
   * @param settleMs how long a node may take to run what it has fetched
   * @returns why; null when none does
   */
  async whoRuns(text: string, settleMs: number): Promise<string | null> {
    const assignment = await this.rollout.current();
    if (assignment.newest.apis.plain.includes(text)) return 'The configuration of gateways names it';
    const settled = this.clock.millis() - settleMs;
    const behind = (await this.registry.all()).filter(({ id, served }) => {
      const { apis } = assignment.of(id);
      return served?.apis.hash !== apis.hash || served.at > settled || apis.plain.includes(text);
    });
    return behind.length === 0 ? null : `${behind.length} gateways have yet to load a configuration without it`;
  }

  /**
   * Whether some node has not loaded the policies that it should have.
   *
   * @param among all, or only those that are not silent
   * @returns why; null when all have
   */
  async whoLacksPolicies(among: 'all' | 'pinging' = 'all'): Promise<string | null> {
    const assignment = await this.rollout.current();
    const now = this.clock.millis();
    const behind = (await this.registry.all())
      .filter((node) => among === 'all' || !isSilent(node, now))
      .filter(({ id, served }) => served?.policies.hash !== assignment.of(id).policies.hash);
    return behind.length === 0 ? null : `${behind.length} gateways have yet to load the policies`;
  }
}
