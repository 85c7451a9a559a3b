import { declaredBy, type References, type Referred, type StoredReferences } from '../resources/references';
import type { ReadScope } from '../resources/read-scope';

/** What an import does to the resources of one kind, by all ids by which others name them. */
interface Planned {
  readonly written: Map<string, Referred>;
  readonly gone: Set<string>;
}

/** What drafts of an import refer to: what the import is about to write, and otherwise what there is. */
export class PlannedReferences {
  private readonly planned = new Map<string, Planned>();

  constructor(
    private readonly stored: Pick<StoredReferences, 'named'>,
    private readonly scope: ReadScope,
  ) {}

  /** As a kind may use them. */
  of(by: string): References {
    return declaredBy(by, { named: (kind, ids) => this.named(kind, ids) });
  }

  /**
   * A resource that the import writes.
   *
   * @param before the id of its own that it had until now; null for a new one
   */
  willBe(kind: string, referred: Referred, before: string | null): void {
    const { written, gone } = this.plannedOf(kind);
    if (before !== null && before !== referred.key) gone.add(before);
    for (const id of [referred._id.toString(), referred.key]) written.set(id, referred);
  }

  /** A resource that the import deletes, by all of its ids. */
  willBeGone(kind: string, ids: readonly string[]): void {
    for (const id of ids) this.plannedOf(kind).gone.add(id);
  }

  /** Whether something is deleted that this one holds a copy of. @param embeds the kinds of which it holds copies */
  losesOriginal(embeds: readonly string[], { copies }: { readonly copies: readonly string[] }): boolean {
    return embeds.some((kind) => copies.some((id) => this.plannedOf(kind).gone.has(id)));
  }

  private async named(kind: string, ids: readonly string[]): Promise<readonly Referred[]> {
    const { written, gone } = this.plannedOf(kind);
    const planned = new Set(ids.flatMap((id) => written.get(id) ?? []));
    const others = ids.filter((id) => !written.has(id) && !gone.has(id));
    const stored = await this.stored.named(this.scope, kind, others);
    // One may answer to an id that the import does not know it by.
    const stays = stored.filter(({ _id }) => !gone.has(_id.toString()) && !written.has(_id.toString()));
    return [...planned, ...stays];
  }

  private plannedOf(kind: string): Planned {
    const known = this.planned.get(kind) ?? { written: new Map<string, Referred>(), gone: new Set<string>() };
    this.planned.set(kind, known);
    return known;
  }
}
