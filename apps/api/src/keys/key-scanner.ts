import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { KeyStore, type ScanPlace } from '@castellan/keys';
import { Clock, LOGGER, type Logger } from '@castellan/observability';
import {
  KeyIndex,
  KeyScans,
  OrganisationStore,
  saysWhatFinds,
  type KeyRow,
  type KeyScanRow,
} from '@castellan/persistence';
import { isKeyHash, readSession, sessionFacts, SESSION_PREFIX } from '@castellan/tyk';
import { BackgroundJob, type MayGoOn } from '../retention/background-job';
import { ReplicaLock } from '../retention/replica-lock';
import { factsOf, foundRow, saysTheSame, type FoundSession } from './key-facts';
import { digestOf, KeyPlacing } from './key-places';
import { OrganisationKeys } from './organisation-keys';

/** Sessions of nobody that are named to the operator. */
const mostOrphans = 1_000;

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
    private readonly placing: KeyPlacing,
    private readonly ofOrganisations: OrganisationKeys,
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
    await this.ofOrganisations.adoptAll();
    await this.ofOrganisations.removeOrphans();
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
    const { added, unreadable, orphans } = await this.note(page.names);
    const places: ScanPlace[] = page.next.cursor === '0' ? others : [page.next, ...others];
    return {
      ...scan,
      places,
      seen: scan.seen + page.names.length,
      added: scan.added + added,
      unreadable: scan.unreadable + unreadable,
      orphans: scan.orphans + orphans.length,
      orphanHashes: [...scan.orphanHashes, ...orphans.filter(isKeyHash)].slice(0, mostOrphans),
    };
  }

  private async note(
    names: readonly string[],
  ): Promise<{ added: number; unreadable: number; orphans: readonly string[] }> {
    const unique = [...new Set(names)];
    const texts = await this.store.readMany(unique);
    const found = unique.flatMap((name, at) => foundSession(name, texts[at] ?? null));
    const known = await this.index.known(found.map(({ name }) => digestOf(name)));
    const rows = new Map(known.flatMap((row) => [row.hash, ...row.copies].map((hash) => [hash, row] as const)));
    const strangers = found.filter(({ name }) => !rows.has(digestOf(name)));
    // A session may name any organisation, or none.
    const ours = await this.organisations.present([...new Set(strangers.map(({ facts }) => facts.organisationId))]);
    const now = this.clock.now();
    const fresh = strangers
      .filter(({ facts }) => ours.has(facts.organisationId))
      .map((one) => foundRow(this.placing, one, now));
    for (const session of found) {
      const row = rows.get(digestOf(session.name));
      if (row !== undefined) await this.compare(row, session);
    }
    const orphans = strangers.filter(({ facts }) => !ours.has(facts.organisationId)).map(({ name }) => name);
    return { added: await this.index.add(fresh), unreadable: unique.length - found.length, orphans };
  }

  private async compare(row: KeyRow, { name, facts }: FoundSession): Promise<void> {
    if (row.pending !== null) return;
    if (row.deletedAt !== null) {
      // A node or an old copy of Redis has brought it back, unless somebody has made it anew since.
      if ((facts.updated ?? row.deletedAt).getTime() > row.deletedAt.getTime()) return;
      await this.index.settle(row, { wanted: null, due: this.clock.now(), repeats: 0 });
      return;
    }
    const seen = factsOf(facts);
    if (digestOf(name) === row.hash && !(saysTheSame(row, seen) && saysWhatFinds(row)))
      await this.index.refresh(row, seen);
  }
}

/** A session, unless it cannot be read: not everything under this prefix has to be one. */
function foundSession(name: string, text: string | null): FoundSession[] {
  const session = readSession(text ?? '');
  return session === undefined ? [] : [{ name: name.slice(SESSION_PREFIX.length), facts: sessionFacts(session) }];
}
