import { Injectable } from '@nestjs/common';
import { ValidationFailed, VersionMismatch } from '@castellan/dto';
import { KeyIndex, type KeyRow } from '@castellan/persistence';
import { parseToken } from '@castellan/tyk';
import { Sights, type Asker } from '../ownership/sights';
import { heardOf } from './key-finder';
import { hashesOf } from './key-identity';
import { KeyListsService } from './key-lists.service';
import type { BulkQuery } from './key-queries';

/** Keys that one request reaches, at most; for the next ones it says where to go on. */
export const MOST_AT_ONCE = 1_000;

/** Which keys a request is about: those that a filter finds, or those that it names. */
export interface Selector {
  readonly query: BulkQuery;
  /** Tokens, ids or hashes; null for a filter. */
  readonly keys: readonly string[] | null;
}

export interface Selected {
  readonly rows: readonly KeyRow[];
  /** Those that were named and are not there, as they may be shown. */
  readonly missing: readonly string[];
  readonly total: number;
  readonly next: string | null;
}

/** Finds the keys that a bulk change is about, and refuses when it is not certain that those are meant. */
@Injectable()
export class KeySelection {
  constructor(
    private readonly lists: KeyListsService,
    private readonly index: KeyIndex,
    private readonly sights: Sights,
  ) {}

  /** @throws ValidationFailed when nothing restricts them, VersionMismatch when they are not as many as a dry run has found */
  async of(asker: Asker, { query, keys }: Selector): Promise<Selected> {
    const { dry_run: dryRun, count, all, after, ...filter } = query;
    const isFiltered = Object.values(filter).some((value) => value !== undefined);
    if (keys !== null) {
      if (isFiltered || all) refuse('keys', 'cannot be named together with a filter');
      return this.named(asker, keys);
    }
    if (!isFiltered && !all) refuse('all', 'must be true to reach every key, since nothing restricts which ones');
    if (isFiltered && all) refuse('all', 'cannot be asked for together with a filter');
    const isFirst = !dryRun && after === undefined;
    if (isFirst && count === undefined) refuse('count', 'must be the number of keys that a dry run has found');
    const place = after === undefined ? ({ page: 1 } as const) : { after };
    const page = await this.lists.piece(asker, filter, place, MOST_AT_ONCE);
    if (isFirst && count !== page.total) {
      const message = `There are ${page.total} such keys now; see by a dry run which`;
      throw new VersionMismatch(message, { meta: { total: page.total } });
    }
    return { ...page, missing: [] };
  }

  private async named(asker: Asker, keys: readonly string[]): Promise<Selected> {
    const asked = new Map([...new Set(keys)].map((key) => [key, hashesOf(asker.organisation, key)] as const));
    const found = await this.index.byHashes(asker.organisation, [...asked.values()].flat());
    const byHash = new Map(found.flatMap((row) => [row.hash, ...row.copies].map((hash) => [hash, row] as const)));
    const rows = new Map<string, KeyRow>();
    const missing: string[] = [];
    for (const [key, hashes] of asked) {
      const row = hashes.map((hash) => byHash.get(hash)).find((one) => one !== undefined);
      if (row !== undefined && (await this.sights.seesKey(asker, row)))
        rows.set(row.hash, heardOf(row, asker.organisation, key));
      else missing.push(shownOf(key));
    }
    return { rows: [...rows.values()], missing, total: rows.size, next: null };
  }
}

const refuse = (path: string, message: string): never => {
  throw new ValidationFailed([{ path, message }]);
};

/** What was asked for may be a token, of which nobody is told more than the end of its id: JSON in base64 always ends alike. */
export const shownOf = (key: string): string => {
  const { keyId } = parseToken(key);
  return key.length <= 12 || keyId.length <= 12 ? '…' : `…${keyId.slice(-4)}`;
};
