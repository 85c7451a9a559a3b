import { Injectable } from '@nestjs/common';
import { Metrics } from '@castellan/observability';
import { Generations, toOrganisationId } from '@castellan/persistence';
import { Coalescer } from './coalescer';
import { NodeDocuments, type OrganisationState } from './node-documents';
import { toNodeList, type NodeList, type Snapshot } from './snapshot';

/** Organisations that are read at the same time. */
const readAtOnce = 10;

/**
 * The snapshot of what nodes are served. Every call is answered with the state of a moment after the call; a thousand
 * calls at once cost one look at the generations, and only organisations that changed are read again. When MongoDB
 * cannot be asked the call fails, and never answers with less than everything (promise 3).
 */
@Injectable()
export class SnapshotService {
  private parts = new Map<string, OrganisationState>();
  private snapshot: Snapshot | null = null;
  private readonly refresh = new Coalescer(() => this.bringUpToDate());
  /** How often a snapshot was put together; a thousand nodes at once should raise it by one. */
  builds = 0;
  private readonly counter: ReturnType<Metrics['counter']>;

  constructor(
    private readonly generations: Generations,
    private readonly documents: NodeDocuments,
    metrics: Metrics,
  ) {
    this.counter = metrics.counter('castellan_snapshot_builds_total', 'How often the lists for nodes were made', []);
  }

  current(): Promise<Snapshot> {
    return this.refresh.run();
  }

  private async bringUpToDate(): Promise<Snapshot> {
    const generations = await this.generations.all();
    const stale = [...generations].filter(([id, generation]) => this.parts.get(id)?.generation !== generation);
    if (this.snapshot !== null && stale.length === 0) return this.snapshot;

    const parts = new Map(this.parts);
    for (let first = 0; first < stale.length; first += readAtOnce) {
      const read = stale.slice(first, first + readAtOnce).map(async ([id]) => {
        parts.set(id, await this.documents.of(toOrganisationId(id)));
      });
      await Promise.all(read);
    }
    const snapshot = await assemble(parts, this.snapshot);
    this.parts = parts;
    this.snapshot = snapshot;
    this.builds += 1;
    this.counter.inc();
    return snapshot;
  }
}

const assemble = async (
  parts: ReadonlyMap<string, OrganisationState>,
  previous: Snapshot | null,
): Promise<Snapshot> => {
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
