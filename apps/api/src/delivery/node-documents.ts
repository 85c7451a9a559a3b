import { Injectable } from '@nestjs/common';
import { ApiStore, PolicyStore, type ApiRow, type OrganisationId, type PolicyRow } from '@castellan/persistence';
import { isJsonObject, nodeApiItem, ownField, parseJson, type JsonObject } from '@castellan/tyk';

/** What the nodes get of one organisation, as JSON texts in a fixed order. */
export interface OrganisationDocuments {
  readonly apis: readonly string[];
  readonly policies: readonly string[];
}

/** Turns stored resources into the JSON that nodes read (reference 2.3). */
@Injectable()
export class NodeDocuments {
  constructor(
    private readonly apis: ApiStore,
    private readonly policies: PolicyStore,
  ) {}

  /** Only what is active; inactive APIs would only be filtered by the nodes. */
  async of(organisation: OrganisationId): Promise<OrganisationDocuments> {
    const [apis, policies] = await Promise.all([
      this.apis.findAll(organisation, { active: true }),
      this.policies.findAll(organisation, { active: true }),
    ]);
    return { apis: apiItems(apis), policies: policies.sort(byId).map(({ document }) => document) };
  }
}

const byId = (a: ApiRow | PolicyRow, b: ApiRow | PolicyRow): number => (a._id.toString() < b._id.toString() ? -1 : 1);

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
  return nodeApiItem(definition, isJsonObject(oas) ? JSON.stringify(oas) : undefined);
};
