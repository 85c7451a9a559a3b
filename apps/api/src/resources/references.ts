import { Injectable } from '@nestjs/common';
import { kindNamed, type Owned, type ResourceRow } from '@castellan/persistence';
import type { ReadScope } from './read-scope';

type Row = ResourceRow & Partial<Owned>;

/** A resource that others refer to. */
export interface Referred extends Pick<ResourceRow, '_id' | 'document'>, Partial<Owned> {
  /** The id of its own; the database id where it has none. */
  readonly key: string;
}

/** Where drafts look up what they refer to. Of another organisation's resources there are none (promise 6). */
export interface References {
  /**
   * The resources of a kind that have these ids, as far as there are such.
   *
   * @throws TypeError for a kind that the own one does not say it refers to: imports would draft it too late
   */
  named(kind: string, ids: readonly string[]): Promise<readonly Referred[]>;
}

/** Looks up resources of one kind by the ids by which others name them. */
type Lookup = (scope: ReadScope, ids: readonly string[]) => Promise<readonly Row[]>;

/** Looks up what there is in the database, as a unit of work sees it. */
@Injectable()
export class StoredReferences {
  private readonly lookups = new Map<string, Lookup>();

  /** Lets resources of a kind be referred to. */
  answer(kind: string, lookup: Lookup): void {
    this.lookups.set(kind, lookup);
  }

  /** @param by the kind that refers to others */
  of(scope: ReadScope, by: string): References {
    return declaredBy(by, { named: (kind, ids) => this.named(scope, kind, ids) });
  }

  /** @throws TypeError for a kind without a service */
  async named(scope: ReadScope, kind: string, ids: readonly string[]): Promise<readonly Referred[]> {
    const lookup = this.lookups.get(kind);
    if (lookup === undefined) throw new TypeError(`Nothing can refer to the kind ${kind}`);
    const { keyOf } = kindNamed(kind);
    const rows = await lookup(scope, ids);
    return rows.map((row) => ({ ...row, key: keyOf(row) ?? row._id.toString() }));
  }
}

/** References as a kind may use them: to kinds that it says it refers to. */
export const declaredBy = (by: string, references: References): References => ({
  named: (kind, ids) => {
    if (!kindNamed(by).refersTo.includes(kind))
      throw new TypeError(`The kind ${by} does not say that it refers to ${kind}`);
    return references.named(kind, ids);
  },
});
