import { Inject, Injectable } from '@nestjs/common';
import {
  ApiStore,
  ConsistentReads,
  DOCUMENT_WORK,
  Generations,
  ImportStore,
  PolicyStore,
  type ApiRow,
  type DocumentWork,
  type OrganisationId,
  type PolicyRow,
} from '@castellan/persistence';
import type { ClientSession } from 'mongoose';
import { NodeItems } from './node-items';

/** What the nodes get of one organisation, as JSON texts in a fixed order. */
export interface OrganisationDocuments {
  readonly apis: readonly string[];
  readonly policies: readonly string[];
}

/** The kind that each list is made of. What nodes are served of a kind that no list is made of, they would never get. */
export const servedLists = { apis: 'api', policies: 'policy' } as const satisfies Readonly<
  Record<keyof OrganisationDocuments, string>
>;

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
    @Inject(DOCUMENT_WORK) work: DocumentWork,
  ) {
    this.apis = new NodeItems(apis, (document) => work.served(servedLists.apis, document));
    this.policies = new NodeItems(policies, (document) => work.served(servedLists.policies, document));
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
