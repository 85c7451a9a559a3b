import type { Change } from '@castellan/persistence';
import { diffJson, parseJson, type DiffOperation, type JsonValue } from '@castellan/tyk';
import { countsOf, diffOf, type Action, type Counts, type Plan } from './plan';

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
export const reportOf = ({ resources }: Plan, changes: readonly Change[]): Report => {
  const planned = resources.map((resource): ReportedResource => {
    const { kind, _id, key, name, action, path } = resource;
    const diff = action === 'update' ? diffOf(resource) : null;
    return { kind: kind.name, id: _id.toString(), key, name, action, path, diff };
  });
  const acted = new Set(planned.filter(({ action }) => action !== 'unchanged').map(({ id }) => id));
  const followed = changes.filter(({ id }) => !acted.has(id.toString())).map(followedOf);
  const followers = new Map(followed.map((one) => [one.id, one]));
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
const followedOf = ({ kind, id, before, after }: Change): ReportedResource => ({
  kind,
  id: id.toString(),
  key: id.toString(),
  name: '',
  action: 'update',
  path: null,
  diff: diffJson(parsed(before), parsed(after)),
});

const parsed = (text: string | null): JsonValue => (text === null ? null : parseJson(text));
