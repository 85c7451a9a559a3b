import type { Types } from 'mongoose';
import type { Advance, Claims, Draft, ResourceRow } from '@castellan/persistence';
import type { TransferKind } from './transfer-kind';

/** As much of a kind as a plan shows. */
type PlannedKind = Pick<TransferKind, 'name' | 'section'>;

/** The orders in which kinds are written and deleted. */
export interface StepOrders {
  readonly toWrite: readonly PlannedKind[];
  readonly toDelete: readonly PlannedKind[];
}

export type Action = 'create' | 'update' | 'delete' | 'unchanged';

/** What an import does about one resource. */
export interface PlannedResource {
  readonly kind: PlannedKind;
  readonly _id: Types.ObjectId;
  readonly key: string;
  readonly name: string;
  readonly action: Action;
  /** Where its entry stands in the document; null for one that the document does not have. */
  readonly path: string | null;
  readonly before: string | null;
  /** What is to be written; null for what is deleted or stays. */
  readonly draft: Draft<ResourceRow> | null;
  /** What a new row has as its first version. */
  readonly version: number;
  /** What the row claims now and has to let go before others are written; null when nothing. */
  readonly released: Claims | null;
}

export type Counts = Readonly<Record<Action, number>>;

/** Everything that an import does, in a stable order: by section, and in it by key. */
export interface Plan {
  readonly resources: readonly PlannedResource[];
  /** How far the organisation had come when it was made. */
  readonly madeAt: Advance;
}

export const countsOf = (resources: readonly { readonly action: Action }[]): Counts => {
  const count = (action: Action): number => resources.filter((resource) => resource.action === action).length;
  return {
    create: count('create'),
    update: count('update'),
    delete: count('delete'),
    unchanged: count('unchanged'),
  };
};

/**
 * What has to be done, in the order in which it can be. What holds copies comes before the originals, as its drafts hold the
 * new copies already; so a changed hook finds its APIs up to date. Updates come before creations, which may take an id or a
 * path that an update lets go. Deletions come last, what refers to others first.
 */
export const stepsOf = ({ resources }: Plan, { toWrite, toDelete }: StepOrders): readonly PlannedResource[] => {
  const of = ({ name }: PlannedKind, action: Action) =>
    resources.filter((resource) => resource.kind.name === name && resource.action === action);
  return [
    ...toWrite.flatMap((kind) => [...of(kind, 'update'), ...of(kind, 'create')]),
    ...toDelete.flatMap((kind) => of(kind, 'delete')),
  ];
};

const bytesOf = ({ before, draft }: PlannedResource): number => (before?.length ?? 0) + (draft?.document.length ?? 0);

/** Cuts steps into batches of so many, or of so many characters of documents, whichever is less. */
export const batchesOf = (
  steps: readonly PlannedResource[],
  { most, mostCharacters }: { readonly most: number; readonly mostCharacters: number },
): number[] => {
  const ends: number[] = [];
  let [count, characters] = [0, 0];
  for (const [index, step] of steps.entries()) {
    const size = bytesOf(step);
    if (count > 0 && (count === most || characters + size > mostCharacters)) {
      ends.push(index);
      [count, characters] = [0, 0];
    }
    count += 1;
    characters += size;
  }
  return steps.length === 0 ? [] : [...ends, steps.length];
};

/** The order of resources in documents and plans. */
export const byKey = (a: { readonly key: string }, b: { readonly key: string }): number =>
  a.key < b.key ? -1 : a.key > b.key ? 1 : 0;

export const bySection =
  (sections: readonly string[]) =>
  (a: PlannedResource, b: PlannedResource): number =>
    sections.indexOf(a.kind.section) - sections.indexOf(b.kind.section) || byKey(a, b);
