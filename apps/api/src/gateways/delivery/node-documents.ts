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
import {
  flagAt,
  isJsonObject,
  nodeApiItem,
  numberAt,
  ownField,
  parseJson,
  toNodeDocument,
  toNodePolicy,
  type JsonObject,
} from '@castellan/tyk';
import { NodeItems, type NodeItem } from './node-items';

/** What the nodes get of one organisation, as JSON texts in a fixed order. */
export interface OrganisationDocuments {
  readonly apis: readonly string[];
  readonly policies: readonly string[];
}

/** The same, and which generation of the organisation it is. */
export interface OrganisationState extends OrganisationDocuments {
  readonly generation: number;
}

/** Turns stored resources into the JSON that nodes read (docs/tyk/nodes.md#calls). */
@Injectable()
export class NodeDocuments {
  private readonly apis: NodeItems<ApiRow>;
  private readonly policies: NodeItems<PolicyRow>;

  constructor(
    apis: ApiStore,
    policies: PolicyStore,
    private readonly generations: Generations,
    private readonly imports: ImportStore,
    private readonly reads: ConsistentReads,
  ) {
    this.apis = new NodeItems(apis, apiItem);
    this.policies = new NodeItems(policies, policyItem);
  }

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

  private async stored(organisation: OrganisationId, session: ClientSession): Promise<OrganisationDocuments> {
    // One after the other: a session does not read two things at a time.
    const apis = await this.apis.of(organisation, session);
    const policies = await this.policies.of(organisation, session);
    return { apis, policies };
  }
}

const policyItem = (document: string): NodeItem | null => {
  const policy = parseJson(document);
  return isJsonObject(policy) ? { text: JSON.stringify(denied(toNodePolicy(policy))), rank: 0 } : null;
};

/** `state: deny` is for people; what makes gateways refuse the keys of a policy is `is_inactive`. */
const denied = (policy: JsonObject): JsonObject =>
  ownField(policy, 'state') === 'deny' ? { ...policy, is_inactive: true } : policy;

/** Ranked by `sort_by`, as the gateways of the first generation read them (docs/tyk/nodes.md#old-gateways). */
const apiItem = (document: string): NodeItem | null => {
  const wrapper = parseJson(document);
  return isJsonObject(wrapper) ? { text: itemText(wrapper), rank: numberAt(wrapper, 'sort_by') } : null;
};

const itemText = (wrapper: JsonObject): string => {
  const oas = ownField(wrapper, 'oas');
  const definition = JSON.stringify(ownField(wrapper, 'api_definition'));
  // Nodes decode the document whatever the definition says, and what a classic API keeps there nobody has checked.
  const isOas = flagAt(wrapper, 'api_definition', 'is_oas') && isJsonObject(oas);
  return nodeApiItem(definition, isOas ? JSON.stringify(toNodeDocument(oas).document) : undefined);
};
