import { Injectable } from '@nestjs/common';
import { ApiStore } from '@castellan/persistence';
import { NodeStateService } from '../gateways/nodes/node-state.service';
import type { OrganisationContext } from '../http/request-context';
import { Sights } from '../ownership/sights';

/** How many there are, and how many of them do something. */
export interface Amount {
  readonly all: number;
  readonly active: number;
}

/** Counts what an organisation has now. */
@Injectable()
export class StatsService {
  constructor(
    private readonly apis: ApiStore,
    private readonly nodes: NodeStateService,
    private readonly sights: Sights,
  ) {}

  /** The APIs that the caller sees. */
  async ofApis(context: OrganisationContext): Promise<Amount> {
    const { organisation } = context;
    const seen = (await this.sights.of(context))?.apis;
    if (seen !== undefined) return { all: seen.length, active: seen.filter(({ active }) => active).length };
    const all = await this.apis.count(organisation, {}, null);
    return { all, active: await this.apis.count(organisation, { active: true }, null) };
  }

  async ofGateways({ organisation }: OrganisationContext): Promise<Amount> {
    const { nodes } = await this.nodes.fleetOf(organisation);
    return { all: nodes.length, active: nodes.filter(({ state }) => state !== 'silent').length };
  }
}
