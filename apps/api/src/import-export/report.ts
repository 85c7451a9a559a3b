import type { Change } from '@castellan/persistence';
import type { DiffOperation } from '@castellan/tyk';
import { difference } from '../threads/document-checks';
import { countsOf, type Action, type Counts, type Plan } from './plan';
import { inTurns } from './turns';

/** What an import does about one resource, as it is answered. */
export interface ReportedResource {
  /** The name of its kind, as in history and audit log. */
  readonly kind: string;
  /** The row's id. */
  readonly id: string;
  /** The id by which others refer to it. */
  readonly key: string;
  readonly name: string;
  readonly action: Action;
  /** Where its entry stands in the document; null for what the document does not have. */
  readonly path: string | null;
  /** What changes about it; null unless it stays and changes. */
  readonly diff: readonly DiffOperation[] | null;
}

export interface Report {
  readonly counts: Counts;
  readonly resources: readonly ReportedResource[];
}

/**
 * The plan as it is answered, with what other resources had to follow.
 *
 * @param changes everything that was changed
 */
export const reportOf = async ({ resources }: Plan, changes: readonly Change[]): Promise<Report> => {
  const planned: ReportedResource[] = [];
  for await (const { kind, _id, key, name, action, path, before, draft } of inTurns(resources)) {
    const diff = action === 'update' ? await difference(before, draft?.document ?? null) : null;
    planned.push({ kind: kind.name, id: _id.toString(), key, name, action, path, diff });
  }
  const acted = new Set(planned.filter(({ action }) => action !== 'unchanged').map(({ id }) => id));
  const followers = new Map<string, ReportedResource>();
  // One after the other: no more than a few large documents may wait for a thread.
  for await (const change of inTurns(changes.filter(({ id }) => !acted.has(id.toString())))) {
    const follower = await followedOf(change);
    followers.set(follower.id, follower);
  }
  const all = [
    ...planned.map((one) => {
      const follower = followers.get(one.id);
      followers.delete(one.id);
      return follower === undefined ? one : { ...one, action: follower.action, diff: follower.diff };
    }),
    ...followers.values(),
  ];
  return { counts: countsOf(all), resources: all };
};

/** A resource that changed because another one did, such as an API of which a version was deleted. */
const followedOf = async ({ kind, id, before, after }: Change): Promise<ReportedResource> => ({
  kind,
  id: id.toString(),
  key: id.toString(),
  name: '',
  action: 'update',
  path: null,
  diff: await difference(before, after),
});
