import { ClaimMap } from './claims';
import type { Facts, TransferKind, Wanted } from './kinds/kind';
import type { Problems } from './problems';

/** Something that stays as it is beside what an import writes. */
export type Staying = Pick<Facts, 'key' | 'name' | 'claims' | 'slug'> & { readonly id: string };

/**
 * Says what would be in the way of what within the organisation once the import is made: between entries of the document,
 * and between those and what stays. The unique indexes would say so too, one at a time.
 */
export const findConflicts = (
  kind: Pick<TransferKind, 'idPath'>,
  staying: readonly Staying[],
  wanted: readonly Wanted[],
  problems: Problems,
): void => {
  const places = new ClaimMap();
  const slugs = new Map<string, string>();
  const keys = new Map<string, string>();
  const described = new Map<string, Staying>();
  for (const row of staying) {
    described.set(row.id, row);
    places.add(row.id, row.claims);
    if (row.slug !== null) slugs.set(row.slug, row.id);
    // Requests name a resource by either id.
    keys.set(row.key, row.id);
    keys.set(row.id, row.id);
  }
  const say = (holder: string): { said: string; meta: unknown } => {
    const row = described.get(holder);
    if (row === undefined) return { said: holder, meta: null };
    return { said: `${row.name} (${row.key})`, meta: { id: row.id, api_id: row.key, name: row.name } };
  };
  for (const { path, key, _id, claims, slug } of wanted) {
    const keyHolder = keys.get(key) ?? keys.get(_id.toString());
    if (keyHolder !== undefined) {
      problems.add(`${path}.${kind.idPath}`, `is the id of ${say(keyHolder).said}`, 'id_conflict', say(keyHolder).meta);
    }
    keys.set(key, path);
    keys.set(_id.toString(), path);
    const rival = places.inTheWay(path, claims);
    if (rival !== null) {
      const { said, meta } = say(rival);
      const field = `${path}.api_definition.proxy.listen_path`;
      problems.add(field, `is taken on this domain by ${said}`, 'listen_path_conflict', meta);
    }
    places.add(path, claims);
    const slugHolder = slug === null ? undefined : slugs.get(slug);
    if (slugHolder !== undefined) {
      const { said, meta } = say(slugHolder);
      problems.add(`${path}.api_definition.slug`, `is taken by ${said}`, 'slug_conflict', meta);
    }
    if (slug !== null) slugs.set(slug, path);
  }
};
