import { Injectable } from '@nestjs/common';
import {
  ApiStore,
  ConsistentReads,
  Generations,
  ImportStore,
  PolicyStore,
  type ApiRow,
  type OrganisationId,
  type PolicyRow,
} from '@castellan/persistence';
import type { ClientSession } from 'mongoose';
import { flagAt, isJsonObject, nodeApiItem, ownField, parseJson, toNodePolicy, type JsonObject } from '@castellan/tyk';

/** What the nodes get of one organisation, as JSON texts in a fixed order. */
export interface OrganisationDocuments {
  readonly apis: readonly string[];
  readonly policies: readonly string[];
}

/** The same, and which generation of the organisation it is. */
export interface OrganisationState extends OrganisationDocuments {
  readonly generation: number;
}

/** Turns stored resources into the JSON that nodes read (reference 2.3). */
@Injectable()
export class NodeDocuments {
  constructor(
    private readonly apis: ApiStore,
    private readonly policies: PolicyStore,
    private readonly generations: Generations,
    private readonly imports: ImportStore,
    private readonly reads: ConsistentReads,
  ) {}

  /**
   * What nodes are to be served, all of one moment. While an import is being applied in batches this is what there was
   * before it: nodes never see half of one.
   */
  async of(organisation: OrganisationId): Promise<OrganisationState> {
    return this.reads.read(async (session) => {
      const { generation, importing } = await this.generations.of(organisation, session);
      const documents =
        importing === null
          ? await this.stored(organisation, session)
          : await this.imports.frozenLists(importing, session);
      return { generation, ...documents };
    });
  }

  /** Only what is active; inactive APIs would only be filtered by the nodes. */
  private async stored(organisation: OrganisationId, session: ClientSession): Promise<OrganisationDocuments> {
    // One after the other: a session does not read two things at a time.
    const apis = await this.apis.findAll(organisation, { active: true }, session);
    const policies = await this.policies.findAll(organisation, { active: true }, session);
    return { apis: apiItems(apis), policies: policyItems(policies) };
  }
}

const byId = (a: ApiRow | PolicyRow, b: ApiRow | PolicyRow): number => (a._id.toString() < b._id.toString() ? -1 : 1);

const policyItems = (rows: readonly PolicyRow[]): string[] =>
  [...rows]
    .sort(byId)
    .map(({ document }) => parseJson(document))
    .filter(isJsonObject)
    .map((policy) => JSON.stringify(toNodePolicy(policy)));

/** Highest `sort_by` first, as the gateways of the first generation read them (reference 2.6). */
const apiItems = (rows: readonly ApiRow[]): string[] =>
  [...rows]
    .sort(byId)
    .map(({ document }) => parseJson(document))
    .filter(isJsonObject)
    .map((wrapper) => ({ item: toItem(wrapper), rank: rankOf(wrapper) }))
    .sort((a, b) => b.rank - a.rank)
    .map(({ item }) => item);

const rankOf = (wrapper: JsonObject): number => {
  const rank = ownField(wrapper, 'sort_by');
  return typeof rank === 'number' ? rank : 0;
};

const toItem = (wrapper: JsonObject): string => {
  const oas = ownField(wrapper, 'oas');
  const definition = JSON.stringify(ownField(wrapper, 'api_definition'));
  // Nodes decode the document whatever the definition says, and what a classic API keeps there nobody has checked.
  const isOas = flagAt(wrapper, 'api_definition', 'is_oas') && isJsonObject(oas);
  return nodeApiItem(definition, isOas ? JSON.stringify(oas) : undefined);
};
