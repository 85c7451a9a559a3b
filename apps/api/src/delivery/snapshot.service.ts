import { Injectable } from '@nestjs/common';
import { Generations, toOrganisationId } from '@castellan/persistence';
import { Coalescer } from './coalescer';
import { NodeDocuments, type OrganisationDocuments } from './node-documents';
import { toNodeList, type NodeList, type Snapshot } from './snapshot';

interface Part extends OrganisationDocuments {
  readonly generation: number;
}

/**
 * The snapshot of what nodes are served. Every call is answered with the state of a moment after the call; a thousand
 * calls at once cost one look at the generations, and only organisations that changed are read again. When MongoDB
 * cannot be asked the call fails, and never answers with less than everything (promise 3).
 */
@Injectable()
export class SnapshotService {
  private parts = new Map<string, Part>();
  private snapshot: Snapshot | null = null;
  private readonly refresh = new Coalescer(() => this.bringUpToDate());
  /** How often a snapshot was put together; a thousand nodes at once should raise it by one. */
  builds = 0;

  constructor(
    private readonly generations: Generations,
    private readonly documents: NodeDocuments,
  ) {}

  current(): Promise<Snapshot> {
    return this.refresh.run();
  }

  private async bringUpToDate(): Promise<Snapshot> {
    const generations = await this.generations.all();
    const stale = [...generations].filter(([id, generation]) => this.parts.get(id)?.generation !== generation);
    if (this.snapshot !== null && stale.length === 0) return this.snapshot;

    const parts = new Map(this.parts);
    for (const [id, generation] of stale) {
      // The generation is read first: what commits meanwhile makes the part newer than its label, and is seen next time.
      parts.set(id, { generation, ...(await this.documents.of(toOrganisationId(id))) });
    }
    const snapshot = await assemble(parts, this.snapshot);
    this.parts = parts;
    this.snapshot = snapshot;
    this.builds += 1;
    return snapshot;
  }
}

const assemble = async (parts: ReadonlyMap<string, Part>, previous: Snapshot | null): Promise<Snapshot> => {
  const ordered = [...parts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, part]) => part);
  const [apis, policies] = await Promise.all([
    toNodeList(ordered.flatMap((part) => part.apis)),
    toNodeList(ordered.flatMap((part) => part.policies)),
  ]);
  return { apis: keepSame(apis, previous?.apis), policies: keepSame(policies, previous?.policies) };
};

/** A list that did not change stays the same object, so that its bytes are held once. */
const keepSame = (list: NodeList, previous: NodeList | undefined): NodeList =>
  previous?.hash === list.hash ? previous : list;
