import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { KeyStore, type ScanPlace } from '@castellan/keys';
import { Clock, LOGGER, type Logger } from '@castellan/observability';
import {
  isObjectIdText,
  KeyIndex,
  KeyScans,
  newObjectId,
  OrganisationStore,
  toObjectId,
  toOrganisationId,
  type KeyRow,
  type KeyScanRow,
} from '@castellan/persistence';
import { isKeyHash, readSession, sessionFacts, SESSION_PREFIX, type SessionFacts } from '@castellan/tyk';
import { BackgroundJob, type MayGoOn } from '../retention/background-job';
import { ReplicaLock } from '../retention/replica-lock';
import { factsOf, saysTheSame } from './key-facts';
import { KeyKeeper } from './key-keeper';

/** A session in Redis that was read. */
interface FoundSession {
  readonly hash: string;
  readonly facts: SessionFacts;
}

/**
 * Walks over all sessions in Redis, page by page, and notes those that nobody here has made: keys of a node's own API, of older
 * tools, of OAuth and JWT. What was deleted and is there again, it has deleted again. A walk goes on where it was left,
 * by whichever replica.
 */
@Injectable()
export class KeyScanner implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly job: BackgroundJob;

  constructor(
    private readonly store: KeyStore,
    private readonly index: KeyIndex,
    private readonly scans: KeyScans,
    private readonly organisations: OrganisationStore,
    private readonly keeper: KeyKeeper,
    private readonly clock: Clock,
    @Inject(CONFIG) config: ApiConfig,
    @Inject(LOGGER) logger: Logger,
    lock: ReplicaLock,
  ) {
    this.job = new BackgroundJob('key scan', config.keyScanMs, (mayGoOn) => this.walk(mayGoOn), lock, logger);
  }

  onApplicationBootstrap(): void {
    this.job.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.job.stop();
  }

  /** Walks to the end, unless it is told to stop. */
  async walk(mayGoOn: MayGoOn): Promise<void> {
    const last = await this.scans.last();
    let scan =
      last === null || last.finishedAt !== null
        ? await this.scans.begin(this.store.beginnings(), this.clock.now())
        : last;
    while (scan.finishedAt === null && (await mayGoOn())) {
      scan = await this.step(scan);
      await this.scans.advance(scan);
    }
  }

  private async step(scan: KeyScanRow): Promise<KeyScanRow> {
    const [place, ...others] = scan.places;
    if (place === undefined) return { ...scan, finishedAt: this.clock.now() };
    const page = await this.store.scan(place, SESSION_PREFIX);
    // A server that is gone has handed its keys to others; what was on its way is met in the next walk.
    if (page === null) return { ...scan, places: others };
    const { added, unreadable } = await this.note(page.names);
    const places: ScanPlace[] = page.next.cursor === '0' ? others : [page.next, ...others];
    return {
      ...scan,
      places,
      seen: scan.seen + page.names.length,
      added: scan.added + added,
      unreadable: scan.unreadable + unreadable,
    };
  }

  private async note(names: readonly string[]): Promise<{ added: number; unreadable: number }> {
    const unique = [...new Set(names)];
    const texts = await this.store.readMany(unique);
    const found = unique.flatMap((name, at) => foundSession(name, texts[at] ?? null));
    const known = await this.index.known(found.map(({ hash }) => hash));
    const rows = new Map(known.flatMap((row) => [row.hash, ...row.copies].map((hash) => [hash, row] as const)));
    const fresh: KeyRow[] = [];
    const strangers = found.filter(({ hash }) => !rows.has(hash));
    const ours = await this.existing(strangers.map(({ facts }) => facts.organisationId));
    fresh.push(...strangers.filter(({ facts }) => ours.has(facts.organisationId)).map((one) => this.rowOf(one)));
    for (const session of found) {
      const row = rows.get(session.hash);
      if (row !== undefined) await this.compare(row, session);
    }
    return { added: await this.index.add(fresh), unreadable: unique.length - found.length };
  }

  /** Those of the organisations that there are. A session may name any, or none. */
  private async existing(ids: readonly string[]): Promise<ReadonlySet<string>> {
    const asked = [...new Set(ids)].filter(isObjectIdText);
    const rows = await Promise.all(asked.map((id) => this.organisations.byId(toOrganisationId(id))));
    return new Set(rows.flatMap((row) => (row === null ? [] : [row._id.toString()])));
  }

  private rowOf({ hash, facts }: FoundSession): KeyRow {
    const now = this.clock.now();
    return {
      ...{ _id: newObjectId(), orgId: toObjectId(facts.organisationId), version: 1, hash, copies: [] },
      ...{ announced: [hash], username: '', createdBy: '', deletedAt: null, pending: null },
      ...factsOf(facts),
      createdAt: facts.created ?? now,
      updatedAt: facts.updated ?? now,
    };
  }

  private async compare(row: KeyRow, { hash, facts }: FoundSession): Promise<void> {
    if (row.pending !== null) return;
    if (row.deletedAt !== null) {
      // A node or an old copy of Redis has brought it back, unless somebody has made it anew since.
      if ((facts.updated ?? row.deletedAt).getTime() > row.deletedAt.getTime()) return;
      await this.index.settle(row._id, row.version, { wanted: null, due: this.clock.now(), repeats: 0 });
      return;
    }
    const seen = factsOf(facts);
    if (hash === row.hash && !saysTheSame(row, seen)) await this.index.refresh(row._id, row.version, seen);
  }
}

/**
 * A session under a hash, unless it cannot be read: not everything under this prefix has to be one. Where nothing is hashed the
 * name is the token, which the index must not know.
 */
function foundSession(name: string, text: string | null): FoundSession[] {
  const hash = name.slice(SESSION_PREFIX.length);
  const session = text === null ? undefined : readSession(text);
  return session === undefined || !isKeyHash(hash) ? [] : [{ hash, facts: sessionFacts(session) }];
}
