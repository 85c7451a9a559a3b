import type { Types } from 'mongoose';
import { isObjectIdText, newObjectId, toObjectId, type ResourceRow } from '@castellan/persistence';
import type { JsonObject } from '@castellan/tyk';
import type { DocumentForm, Existing, Identity } from '../resources/document-form';
import type { Problems } from './problems';

/** An entry of a document and the resource that it is about. */
export interface Match {
  readonly path: string;
  /** Null for what the document does not have, and is looked at all the same. */
  readonly content: JsonObject | null;
  /** Null when there is none yet. */
  readonly existing: Existing | null;
  readonly _id: Types.ObjectId;
  /** The id by which others refer to it; empty when it has yet to get one. */
  readonly key: string;
}

/** How a document is read. */
export interface MatchOptions {
  /** Whether an entry without any id is a new resource each time. */
  readonly mayMakeIds: boolean;
  /** What errors call an entry, where that is not its place in its section. */
  readonly pathOf?: (section: string, index: number) => string;
}

const placeInSection = (section: string, index: number): string => `${section}[${index}]`;

interface Matching {
  readonly matches: readonly Match[];
  /** What there is and the document does not have. */
  readonly rest: readonly Existing[];
}

/**
 * Finds what each entry of a section is about: first by the id that others refer to, then by the row's. Entries without
 * any are new resources each time, which is refused where the same import twice has to mean the same.
 */
export const match = (
  {
    section,
    form,
  }: { readonly section: string; readonly form: Pick<DocumentForm<ResourceRow>, 'identityOf' | 'idPath'> },
  items: readonly JsonObject[],
  existing: readonly Existing[],
  { mayMakeIds, pathOf = placeInSection, problems }: MatchOptions & { readonly problems: Problems },
): Matching => {
  const byKey = new Map(existing.map((row) => [row.key, row]));
  const byId = new Map(existing.map((row) => [row._id.toString(), row]));
  const seen = new Map<string, string>();
  const matches = items.flatMap((content, index): Match[] => {
    const path = pathOf(section, index);
    const identity = form.identityOf(content);
    const problem = faultOf(identity, mayMakeIds);
    if (problem !== null) {
      problems.add(`${path}.${form.idPath}`, problem);
      return [];
    }
    const id = identity.id.toLowerCase();
    const [named, placed] = [byKey.get(identity.key), byId.get(id)];
    if (named !== undefined && placed !== undefined && named !== placed) {
      problems.add(`${path}.${form.idPath}`, 'is the id of something else already', 'id_conflict');
      return [];
    }
    const found = named ?? placed ?? null;
    const _id = found?._id ?? (id === '' ? newObjectId() : toObjectId(id));
    const key = identity.key === '' ? (found?.key ?? '') : identity.key;
    const names = [`id ${_id.toString()}`, ...(key === '' ? [] : [`key ${key}`])];
    const first = names.map((name) => seen.get(name)).find((other) => other !== undefined);
    if (first !== undefined) {
      problems.add(`${path}.${form.idPath}`, `is the same as in ${first}`, 'id_conflict');
      return [];
    }
    for (const name of names) seen.set(name, path);
    return [{ path, content, existing: found, _id, key }];
  });
  const matched = new Set(matches.map((one) => one.existing));
  return { matches, rest: existing.filter((row) => !matched.has(row)) };
};

const faultOf = ({ id, key }: Identity, mayMakeIds: boolean): string | null => {
  if (id !== '' && !isObjectIdText(id)) return 'must be 24 hex digits';
  if (id === '' && key === '' && !mayMakeIds) return 'is required, so that the same import twice means the same';
  return null;
};
