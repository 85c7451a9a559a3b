import type { ClientSession } from 'mongoose';
import type { NodeItem } from '@castellan/tyk';
import type { OrganisationId, ResourceRow, ResourceStore } from '@castellan/persistence';

/** Resources that are read in one go. */
const readAtOnce = 200;

/** What was made of a resource. */
interface Made extends NodeItem {
  /** Of the resource that it was made of. */
  readonly digest: string;
}

/** A row whose id and content are all that matters here. */
type ActiveRow = ResourceRow & { readonly active: boolean };

/**
 * The active resources of one kind as nodes read them. What was made of a resource is kept until the resource changes, so
 * that a change costs reading and making one of them, not all.
 */
export class NodeItems<Row extends ActiveRow> {
  private readonly made = new Map<OrganisationId, ReadonlyMap<string, Made>>();

  /** @param make what nodes read of a document; null when there is nothing to read */
  constructor(
    private readonly store: ResourceStore<Row>,
    private readonly make: (document: string) => Promise<NodeItem | null>,
  ) {}

  /** In the order in which nodes get them. Inactive resources would only be filtered by the nodes. */
  async of(organisation: OrganisationId, session: ClientSession): Promise<readonly string[]> {
    const before = this.made.get(organisation);
    const active = await this.store.digests(organisation, { active: true }, session);
    const now = new Map<string, Made>();
    const changed: ResourceRow['_id'][] = [];
    for (const { _id, digest } of active) {
      const kept = before?.get(_id.toString());
      if (kept?.digest === digest) now.set(_id.toString(), kept);
      else changed.push(_id);
    }
    // A few at a time: to take ten thousand out of one reply would hold up everybody else.
    for (let first = 0; first < changed.length; first += readAtOnce) {
      const rows = await this.store.byIds(organisation, changed.slice(first, first + readAtOnce), session);
      for (const { _id, digest, document } of rows) {
        const item = await this.make(document);
        if (item !== null) now.set(_id.toString(), { ...item, digest });
      }
    }
    this.made.set(organisation, now);
    return inOrder(now).map(({ text }) => text);
  }
}

/** Resources of the same rank are in the order of their ids, so that the same configuration is always the same bytes. */
export const inOrder = <Item extends NodeItem>(items: ReadonlyMap<string, Item>): readonly Item[] =>
  [...items].sort(([a, { rank }], [b, { rank: other }]) => other - rank || (a < b ? -1 : 1)).map(([, item]) => item);
