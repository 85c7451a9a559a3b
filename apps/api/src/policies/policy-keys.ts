import { Injectable } from '@nestjs/common';
import { KeyStore } from '@castellan/keys';
import type { OrganisationId, PolicyRow } from '@castellan/persistence';
import { isJsonObject, listAt, mayNameAny, parseJson, textAt, type JsonObject } from '@castellan/tyk';

/** A policy, by the ids that keys may name it by. */
type PolicyIds = Pick<PolicyRow, '_id' | 'policyId'>;

/** A key whose session applies a policy. */
interface KeyInNeed {
  /** The beginning of its hash. */
  readonly key: string;
  /** Empty when the key has none. */
  readonly alias: string;
  /** Which of the policies in question it applies. */
  readonly policyIds: readonly string[];
}

/** What a search through the keys found. */
export interface KeysInNeed {
  readonly keys: readonly KeyInNeed[];
  /** Whether every key was looked at; false when the search stopped early without having found enough. */
  readonly complete: boolean;
}

/** Sessions of keys lie under names that begin so (docs/tyk/keys.md#names). */
const prefix = 'apikey-';
const pageSize = 1_000;
/** Entries of Redis that one search walks over, of whatever kind: some seconds of work, done while a transaction waits. */
const entriesLimit = 1_000_000;

/**
 * Finds keys by the policies that they apply, in the gateways' own key store. Nothing there leads from a policy to its
 * keys, so this walks over all entries, page by page and without holding Redis up; it is for rare questions only.
 */
@Injectable()
export class PolicyKeys {
  constructor(private readonly store: KeyStore) {}

  /** @param most how many keys that apply any of the policies are enough of an answer */
  async needing(organisation: OrganisationId, policies: readonly PolicyIds[], most: number): Promise<KeysInNeed> {
    const ids = new Set(policies.flatMap(({ _id, policyId }) => [policyId, _id.toString()]));
    const found = new Map<string, KeyInNeed>();
    let walked = 0;
    // Each server of a cluster has keys of its own.
    for (const beginning of this.store.beginnings()) {
      let place = beginning;
      do {
        if (walked >= entriesLimit) return { keys: [...found.values()], complete: false };
        const page = await this.store.scan(place, prefix);
        walked += pageSize;
        // A server that is gone has handed its keys to others, of which some may have been passed already.
        if (page === null) return { keys: [...found.values()], complete: false };
        for (const [name, session] of await this.sessions(page.names, ids)) {
          const policyIds = appliedBy(session, organisation).filter((id) => ids.has(id));
          if (policyIds.length > 0) found.set(name, { key: shown(name), alias: textAt(session, 'alias'), policyIds });
        }
        if (found.size >= most) return { keys: [...found.values()].slice(0, most), complete: true };
        place = page.next;
      } while (place.cursor !== '0');
    }
    return { keys: [...found.values()], complete: true };
  }

  private async sessions(
    names: readonly string[],
    ids: ReadonlySet<string>,
  ): Promise<readonly (readonly [string, JsonObject])[]> {
    if (names.length === 0) return [];
    const texts = await this.store.readMany(names);
    return names.flatMap((name, index) => {
      const text = texts[index] ?? '';
      const session = mayNameAny(text, ids) ? parsed(text) : null;
      return session === null ? [] : [[name, session] as const];
    });
  }
}

const parsed = (text: string): JsonObject | null => {
  try {
    const session = parseJson(text);
    return isJsonObject(session) ? session : null;
  } catch {
    // Not everything under this prefix has to be ours to read.
    return null;
  }
};

/**
 * The policies that a key applies; a key of another organisation that happens to name the same id cannot
 * (docs/tyk/keys.md#policies-of-a-key).
 */
const appliedBy = (session: JsonObject, organisation: OrganisationId): readonly string[] => {
  if (textAt(session, 'org_id') !== organisation) return [];
  const applied = listAt(session, 'apply_policies').filter((id) => typeof id === 'string');
  return [...new Set([...applied, textAt(session, 'apply_policy_id')])];
};

/** Lengths of the hashes that gateways make: murmur32, murmur64, murmur128, sha256. */
const hashLengths = new Set([8, 16, 32, 64]);

/** Without hashing the name is the key itself, which nobody may read (promise 9): so of a hash, too, only the beginning. */
const shown = (name: string): string => {
  const key = name.slice(prefix.length);
  if (!hashLengths.has(key.length) || !/^[0-9a-f]+$/.test(key)) return '…';
  return `${key.slice(0, Math.min(key.length / 2, 8))}…`;
};
