import { Injectable } from '@nestjs/common';
import { KeyStore } from '@castellan/keys';
import { Clock } from '@castellan/observability';
import { KeyIndex, type KeyRow } from '@castellan/persistence';
import {
  opensNothing,
  policiesOf,
  readSession,
  sessionFacts,
  sessionHolds,
  sessionName,
  textAt,
  type Session,
} from '@castellan/tyk';
import type { OrganisationContext } from '../http/request-context';
import { KeyCounters } from './key-counters';
import { KeyListsService } from './key-lists.service';
import { KeyPlacing } from './key-places';
import { MOST_AT_ONCE } from './key-selection';
import { KeyWriter, type KeyChange } from './key-writer';

export const FINDINGS = ['missing', 'expired', 'copy', 'opens_everything'] as const;
export type FindingKind = (typeof FINDINGS)[number];

/** Something about a key that should not be so. */
interface Finding {
  readonly key_id: string;
  readonly alias: string;
  readonly finding: FindingKind;
  readonly message: string;
  /** Of a copy, the key that it is a copy of. */
  readonly of?: string;
  readonly repaired: boolean;
}

export interface Reconciliation {
  /** How many keys were looked at. */
  readonly looked_at: number;
  readonly findings: readonly Finding[];
  /** Where to go on; null when every key was looked at. */
  readonly next: string | null;
}

/** A key with what is wrong about it, and what would put it right. */
interface Found {
  readonly finding: Omit<Finding, 'repaired'>;
  readonly repair: KeyChange | null;
  /** A row that goes without a word, since its key goes on as another one’s copy. */
  readonly merges?: KeyRow;
}

/**
 * Compares what the index says of keys with what Redis has, a thousand keys at a time. That every session in Redis is in the index
 * the walk sees to; here is what a walk cannot put right by itself.
 */
@Injectable()
export class KeyReconciler {
  constructor(
    private readonly lists: KeyListsService,
    private readonly index: KeyIndex,
    private readonly store: KeyStore,
    private readonly placing: KeyPlacing,
    private readonly counters: KeyCounters,
    private readonly writer: KeyWriter,
    private readonly clock: Clock,
  ) {}

  /** @param repair what is to be put right; empty for a report */
  async look(
    context: OrganisationContext,
    { after, expiredForMs }: { readonly after: string | undefined; readonly expiredForMs: number },
    repair: ReadonlySet<FindingKind>,
  ): Promise<Reconciliation> {
    const place = after === undefined ? ({ page: 1 } as const) : { after };
    const { rows, next } = await this.lists.piece(context, {}, place, MOST_AT_ONCE);
    // What is about to change is the keeper’s.
    const settled = rows.filter(({ pending }) => pending === null);
    const sessions = await this.sessions(settled);
    const found = [
      ...settled.flatMap((row) => this.faultOf(row, sessions.get(row) ?? null, expiredForMs)),
      ...(await this.copies(context, settled, sessions)),
    ];
    const wanted = found.filter(({ finding, repair: change }) => change !== null && repair.has(finding.finding));
    const changes = wanted.flatMap(({ repair: change }) => (change === null ? [] : [change]));
    const failed = changes.length === 0 ? new Map() : await this.writer.write(context, changes);
    const gone = wanted.flatMap(({ merges }) => (merges === undefined ? [] : [merges]));
    for (const row of gone) await this.index.forget(row);
    await this.counters.reset(changes.filter(({ is }) => is === null).map(({ row }) => row));
    const repaired = new Set(wanted.filter((one) => !failed.has(one.repair?.row._id.toString() ?? '')));
    const findings = found.map((one) => ({ ...one.finding, repaired: repaired.has(one) }));
    return { looked_at: rows.length, findings, next };
  }

  private async sessions(rows: readonly KeyRow[]): Promise<ReadonlyMap<KeyRow, string>> {
    const texts = await this.store.readMany(rows.map((row) => sessionName(this.placing.of(row).names[0] ?? '')));
    return new Map(rows.flatMap((row, at) => (typeof texts[at] === 'string' ? [[row, texts[at]] as const] : [])));
  }

  private faultOf(row: KeyRow, text: string | null, expiredForMs: number): Found[] {
    const told = (finding: FindingKind, message: string): Found['finding'] => ({
      ...{ key_id: row.hash, alias: row.alias },
      ...{ finding, message },
    });
    const session = readSession(text ?? '');
    if (session === undefined || text === null) {
      const was: Session = { org_id: row.orgId.toString(), alias: row.alias, tags: [...row.tags] };
      const message = 'The index knows it and Redis has no session of it: it opens nothing';
      return [{ finding: told('missing', message), repair: this.writer.changeOf({ row, session: was }, null, null) }];
    }
    const ended = row.expiresAt?.getTime() ?? Infinity;
    if (ended + expiredForMs <= this.clock.millis()) {
      const message = `It has expired at ${new Date(ended).toISOString()}, and its session is still in Redis`;
      return [{ finding: told('expired', message), repair: this.writer.changeOf({ row, session }, null, null) }];
    }
    if (opensNothing(session) && policiesOf(session).length === 0) {
      const message = 'It names neither an API nor a policy, which nodes take for a right to every API';
      return [
        { finding: told('opens_everything', message), repair: this.writer.changeOf({ row, session }, null, null) },
      ];
    }
    return [];
  }

  /**
   * Old nodes keep a second session of a key that is sent by its bare id. It was made in the same moment, and says the same; so a key
   * that was found here is compared with those of the same moment.
   */
  private async copies(
    { organisation }: OrganisationContext,
    rows: readonly KeyRow[],
    sessions: ReadonlyMap<KeyRow, string>,
  ): Promise<Found[]> {
    const strangers = ofFewMoments(rows.filter((row) => row.createdBy === '' && isDated(sessions.get(row) ?? '')));
    const found = await this.index.createdAt(
      organisation,
      strangers.map(({ createdAt }) => createdAt),
    );
    const twins = byMoment(ofFewMoments(found));
    const read = await this.sessions([...twins.values()].flat());
    const texts = new Map([...read].map(([row, text]) => [row._id.toString(), text]));
    return strangers.flatMap((copy): Found[] => {
      const text = sessions.get(copy) ?? '';
      const main = (twins.get(copy.createdAt.getTime()) ?? []).find(
        (one) => isMainOf(one, copy) && isSame(texts.get(one._id.toString()) ?? '', text),
      );
      if (main === undefined || copy.sealed !== '' || main.sealed !== '') return [];
      const message = 'It is a copy that a node has made of another key: both have to change together';
      const session = readSession(text) ?? {};
      const changed = this.writer.changeOf({ row: main, session }, session, texts.get(main._id.toString()) ?? text);
      const row: KeyRow = {
        ...changed.row,
        copies: [...new Set([...main.copies, copy.hash])],
        announced: [...new Set([...main.announced, ...copy.announced])],
      };
      return [
        {
          finding: { key_id: copy.hash, alias: copy.alias, finding: 'copy', message, of: main.hash },
          repair: { ...changed, row },
          merges: copy,
        },
      ];
    });
  }
}

/** Keys of one moment that are compared with one another. More of them are no copies, but were made by a program, or bear no date. */
const mostOfOneMoment = 20;

function byMoment(rows: readonly KeyRow[]): ReadonlyMap<number, readonly KeyRow[]> {
  const groups = new Map<number, KeyRow[]>();
  for (const row of rows) {
    const group = groups.get(row.createdAt.getTime());
    if (group === undefined) groups.set(row.createdAt.getTime(), [row]);
    else group.push(row);
  }
  return groups;
}

function ofFewMoments(rows: readonly KeyRow[]): readonly KeyRow[] {
  return [...byMoment(rows).values()].filter(({ length }) => length <= mostOfOneMoment).flat();
}

/** Whether a session says when it was made: the index has the moment at which it was found in the place of that. */
function isDated(text: string): boolean {
  return sessionFacts(readSession(text) ?? {}).created !== null;
}

/** Of two keys of one moment, the one that was made here, or has the longer hash, is the key and the other one its copy. */
function isMainOf(main: KeyRow, copy: KeyRow): boolean {
  if (main._id.equals(copy._id) || main.createdAt.getTime() !== copy.createdAt.getTime()) return false;
  const rank = ({ createdBy, hash }: KeyRow): string =>
    `${createdBy === '' ? 0 : 1} ${String(hash.length).padStart(3)}`;
  return rank(main) === rank(copy) ? main._id.toString() < copy._id.toString() : rank(main) > rank(copy);
}

/** Whether one session is the other one but for what nodes count. */
function isSame(one: string, other: string): boolean {
  const [left, right] = [readSession(one), readSession(other)];
  const made = textAt(left, 'date_created');
  if (made === '' || made !== textAt(right, 'date_created')) return false;
  return sessionHolds(one, other) || sessionHolds(other, one);
}
