import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { KeyStore, NO_TEXT } from '@castellan/keys';
import { Clock, LOGGER, Metrics, Recurring, type Logger } from '@castellan/observability';
import {
  OrganisationConfirmations,
  OrganisationStore,
  toOrganisationId,
  type OrganisationRow,
} from '@castellan/persistence';
import {
  isJsonObject,
  organisationAnnounced,
  organisationQuotaNames,
  organisationSessionHolds,
  organisationSessionName,
  organisationSessionText,
  ownField,
  parseJson,
  readSession,
  type Session,
} from '@castellan/tyk';

/** Pause between two looks at all organisations, in milliseconds. */
const walkMs = 60_000;
const pageSize = 500;
/** How often a change is looked at again: a request that was under way can write back what was there before. */
const looks = 3;
const tries = 20;

/**
 * Keeps the session of every organisation in the nodes' Redis. A node that asks for one that is not there never asks again while it
 * has the API loaded, so it has to be there before the first API is delivered; and nodes write it back with every call, so a
 * change is looked at again.
 */
@Injectable()
export class OrganisationSessions implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly confirmed = new Set<string>();
  /** Organisations that were changed here, and when to look at them how often yet. */
  private readonly changed = new Map<string, { readonly due: number; readonly left: number }>();
  private readonly walking: Recurring;
  private readonly looking: Recurring;
  private readonly repeated: ReturnType<Metrics['counter']>;

  constructor(
    private readonly store: KeyStore,
    private readonly organisations: OrganisationStore,
    private readonly confirmations: OrganisationConfirmations,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: ApiConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    metrics: Metrics,
  ) {
    this.walking = new Recurring('organisation sessions', walkMs, () => this.walk(), logger);
    this.looking = new Recurring('changed organisation sessions', 500, () => this.lookAtChanged(), logger);
    this.repeated = metrics.counter(
      'castellan_organisation_sessions_repaired_total',
      'Sessions of organisations that were missing in Redis or otherwise than set, and were written',
      [],
    );
  }

  onApplicationBootstrap(): void {
    this.walking.start();
    this.looking.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all([this.walking.stop(), this.looking.stop()]);
  }

  /**
   * Sees to it that these organisations have a session, before nodes hear of their APIs. It asks Redis only for those that have
   * never been seen to have one.
   *
   * @throws when Redis cannot be asked for one of those
   */
  async ensure(ids: readonly string[]): Promise<void> {
    const unsure = ids.filter((id) => !this.confirmed.has(id));
    if (unsure.length === 0) return;
    for (const id of await this.confirmations.among(unsure)) this.confirmed.add(id);
    for (const id of unsure.filter((one) => !this.confirmed.has(one))) {
      const row = await this.organisations.byId(toOrganisationId(id));
      if (row !== null) await this.bring(row);
    }
  }

  /** Brings a change to Redis; when that is out of reach, the next look does. */
  async changedTo(row: OrganisationRow): Promise<void> {
    const id = row._id.toString();
    this.changed.set(id, { due: this.clock.millis() + this.config.keySettleMs, left: looks });
    try {
      await this.bring(row);
    } catch (error) {
      this.logger.warn({ err: error, organisation: id }, 'The session of an organisation is written later');
    }
  }

  /** Follows the removal of an organisation; what does not succeed now, a walk does. */
  async removed(id: string): Promise<void> {
    try {
      await this.remove(id);
    } catch (error) {
      this.logger.warn({ err: error, organisation: id }, 'The session of an organisation is removed later');
    }
  }

  private async remove(id: string): Promise<void> {
    this.confirmed.delete(id);
    this.changed.delete(id);
    const name = organisationSessionName(id);
    for (let tried = 0; tried < tries; tried += 1) {
      const found = await this.store.read(name);
      if (found === null || found === NO_TEXT) break;
      if (await this.store.remove(name, found, organisationAnnounced(id))) break;
    }
    await this.store.forget(organisationQuotaNames(id));
    await this.confirmations.forget(id);
  }

  /** The session as Redis has it, and what its quota has counted; null when there is none. */
  async live(id: string): Promise<{ readonly session: Session; readonly used: number } | null> {
    const found = await this.store.read(organisationSessionName(id));
    const session = typeof found === 'string' ? readSession(found) : undefined;
    if (session === undefined) return null;
    const counts = await this.store.readMany(organisationQuotaNames(id));
    return { session, used: counts.reduce((sum, text) => sum + (/^\d{1,15}$/.test(text ?? '') ? Number(text) : 0), 0) };
  }

  /** Lets the quota of an organisation begin anew. */
  async resetQuota(id: string): Promise<void> {
    await this.store.forget(organisationQuotaNames(id));
    await this.store.announce(organisationAnnounced(id));
  }

  /** Looks at every organisation that there is, and after those that are no more. */
  async walk(): Promise<void> {
    await this.walkOverPresent();
    for (let after = ''; ;) {
      const ids = await this.confirmations.next(after, pageSize);
      const present = await this.organisations.present(ids);
      for (const id of ids.filter((one) => !present.has(one))) await this.remove(id);
      after = ids.at(-1) ?? '';
      if (ids.length < pageSize) return;
    }
  }

  private async walkOverPresent(): Promise<void> {
    let last: OrganisationRow['_id'] | null = null;
    for (;;) {
      const rows: OrganisationRow[] = await this.organisations.nextOfAll(last, pageSize);
      const texts = await this.store.readMany(rows.map(({ _id }) => organisationSessionName(_id.toString())));
      for (const [at, row] of rows.entries()) {
        const id = row._id.toString();
        if (!organisationSessionHolds(id, sessionOf(row), texts[at] ?? null)) await this.bring(row);
      }
      last = rows.at(-1)?._id ?? null;
      if (rows.length < pageSize) return;
    }
  }

  private async lookAtChanged(): Promise<void> {
    const now = this.clock.millis();
    for (const [id, { due, left }] of this.changed) {
      if (due > now) continue;
      const row = await this.organisations.byId(toOrganisationId(id));
      if (row !== null) await this.bring(row);
      if (this.changed.get(id)?.due !== due) continue;
      if (left > 1 && row !== null) this.changed.set(id, { due: now + this.config.keySettleMs, left: left - 1 });
      else this.changed.delete(id);
    }
  }

  private async bring(row: OrganisationRow): Promise<void> {
    const id = row._id.toString();
    const name = organisationSessionName(id);
    const wanted = sessionOf(row);
    for (let tried = 0; tried < tries; tried += 1) {
      const found = await this.store.read(name);
      if (found === NO_TEXT)
        throw new Error('Redis holds something else than a session under the name of an organisation');
      if (organisationSessionHolds(id, wanted, found)) return this.confirm(id);
      const text = organisationSessionText(id, wanted, found, this.clock.now());
      const announced = organisationAnnounced(id);
      const done =
        found === null
          ? await this.store.create(name, text, announced)
          : await this.store.replace(name, found, text, announced);
      if (!done) continue;
      this.repeated.inc();
      return this.confirm(id);
    }
    throw new Error('Others change the session of an organisation all the time');
  }

  private async confirm(id: string): Promise<void> {
    if (this.confirmed.has(id)) return;
    await this.confirmations.confirm(id, this.clock.now());
    this.confirmed.add(id);
  }
}

/** What people have set of the session of an organisation; null when they have set nothing. */
export function sessionOf({ document }: Pick<OrganisationRow, 'document'>): Session | null {
  const stored = parseJson(document);
  const session = isJsonObject(stored) ? ownField(stored, 'org_session') : undefined;
  return isJsonObject(session) ? session : null;
}
