import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { Conflict, Unavailable, ValidationFailed } from '@castellan/dto';
import { KeyStore } from '@castellan/keys';
import { Clock, LOGGER, type Logger } from '@castellan/observability';
import { DuplicateKey, KeyIndex, newObjectId, toObjectId, type KeyRow, type UnitOfWork } from '@castellan/persistence';
import {
  checkKeyId,
  isKeyHash,
  sessionFacts,
  sessionForCallers,
  sessionName,
  writeSession,
  type Session,
} from '@castellan/tyk';
import type { Precondition } from '../http/precondition';
import type { OrganisationContext } from '../http/request-context';
import { ResourceTools } from '../resources/resource-tools';
import { KeyContents } from './key-contents';
import { KeyCounters } from './key-counters';
import { keyCard } from './key-card';
import { factsOf } from './key-facts';
import { KeyFinder, missing, type FoundKey } from './key-finder';
import { chosenKey, generatedKey, userKey, type NewKey } from './key-identity';
import { KeyKeeper } from './key-keeper';
import { KeyPlacing, plainDigest } from './key-places';

/** What a new key is to be called; neither for one with a generated token. */
export interface Choice {
  readonly id?: string;
  readonly username?: string;
}

/** A key that was made, with the token that is nowhere to be had after this. */
export interface CreatedKey {
  readonly token: string;
  readonly row: KeyRow;
  readonly session: Session;
}

/**
 * Keys of one organisation. A change is committed with its records first, as what Redis has to hold; then it is brought there,
 * and the keeper sees that it stays. A process that dies between the two leaves the rest to the keeper.
 */
@Injectable()
export class KeysService {
  constructor(
    private readonly tools: ResourceTools,
    private readonly contents: KeyContents,
    private readonly finder: KeyFinder,
    private readonly keeper: KeyKeeper,
    private readonly index: KeyIndex,
    private readonly store: KeyStore,
    private readonly placing: KeyPlacing,
    private readonly counters: KeyCounters,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: ApiConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** @throws ValidationFailed, Conflict when the id is taken, Unavailable when nodes' Redis is */
  async create(context: OrganisationContext, body: unknown, choice: Choice = {}): Promise<CreatedKey> {
    const content = this.contents.parse(body);
    const key = this.newKey(context, choice);
    const sight = await this.tools.sights.of(context);
    const completion = { ...context, sight, now: this.clock.now(), resetsQuota: true, before: null };
    const session = await this.contents.complete(content, completion);
    await this.requireFree(key);
    const text = writeSession(session);
    const row: KeyRow = {
      ...this.placing.row(newObjectId(), key.names, this.config.hashKeys),
      ...{ orgId: toObjectId(context.organisation), version: 1 },
      ...{ username: choice.username ?? '', createdBy: context.user.userId, deletedAt: null },
      ...factsOf(sessionFacts(session)),
      ...{ createdAt: completion.now, updatedAt: completion.now },
      pending: { wanted: text, due: this.keeper.due(), repeats: 0 },
    };
    try {
      await this.tools.recorder.commit(context, async (unit) => {
        await this.freeHash(row.hash, unit);
        await this.index.insert(row, unit.session);
        this.record(unit, row, null, session);
      });
    } catch (error) {
      throw error instanceof DuplicateKey ? taken() : error;
    }
    await this.bring(row, { ...row, deletedAt: completion.now, pending: { ...pendingNow(row), wanted: null } });
    return { token: key.token, row, session: sessionForCallers(session) };
  }

  /** What a body would become, with everything checked and nothing written. */
  async preview(context: OrganisationContext, body: unknown): Promise<Session> {
    const content = this.contents.parse(body);
    const sight = await this.tools.sights.of(context);
    const completion = { ...context, sight, now: this.clock.now(), resetsQuota: true, before: null };
    return sessionForCallers(await this.contents.complete(content, completion));
  }

  /** Changes the fields that a body names; the others stay. @throws NotFound, VersionMismatch, ValidationFailed, Unavailable */
  async update(
    context: OrganisationContext,
    { row, session: stored, text }: FoundKey,
    body: unknown,
    { demand, resetsQuota }: { demand: Precondition; resetsQuota: boolean },
  ): Promise<FoundKey> {
    const content = this.contents.parse(body);
    const before = sessionForCallers(stored);
    const sight = await this.tools.sights.of(context);
    const completion = { ...context, sight, now: this.clock.now(), resetsQuota, before };
    const session = await this.contents.complete(content, completion);
    const wanted = writeSession(session, text);
    const changed = await this.write(context, row, { session, stored, wanted, demand });
    if (resetsQuota) await this.counters.reset([changed]);
    return { row: changed, session, text: wanted };
  }

  /** @throws NotFound, VersionMismatch, Unavailable */
  async remove(context: OrganisationContext, { row, session }: FoundKey, demand: Precondition): Promise<void> {
    const removed = await this.write(context, row, { session: null, stored: session, wanted: null, demand });
    await this.counters.reset([removed]);
  }

  /** Lets the quota of a key begin anew, as an edit does unless it is told not to. */
  async resetQuota(context: OrganisationContext, found: FoundKey, demand: Precondition): Promise<FoundKey> {
    return this.update(context, found, {}, { demand, resetsQuota: true });
  }

  private newKey({ organisation }: OrganisationContext, { id, username }: Choice): NewKey {
    if (username !== undefined) {
      const problems = checkKeyId(username, organisation, 'username');
      if (problems.length > 0) throw new ValidationFailed(problems);
      return userKey(organisation, username, this.config);
    }
    if (id === undefined) return generatedKey(organisation, this.config);
    const problems = checkKeyId(id, organisation);
    if (problems.length > 0) throw new ValidationFailed(problems);
    // What looks like a hash is taken for one, and would stand in the index.
    if (!this.config.hashKeys && isKeyHash(id))
      throw new ValidationFailed([{ path: 'key', message: 'must not look like a hash where keys are not hashed' }]);
    return chosenKey(organisation, id, this.config);
  }

  /** Whatever lies under a name already would be lost, and may be another organisation's. */
  private async requireFree({ names }: NewKey): Promise<void> {
    for (const name of [names.main, ...names.copies]) {
      const holder = await this.index.holderOf(this.config.hashKeys ? name : plainDigest(name));
      if (holder !== null && holder.deletedAt === null) throw taken();
      if (holder === null && (await this.store.read(sessionName(name))) !== null) throw taken();
    }
  }

  /** A deleted key leaves its hash to one that is made anew with the same id. */
  private async freeHash(hash: string, { session }: UnitOfWork): Promise<void> {
    const holder = await this.index.holderOf(hash, session);
    if (holder === null) return;
    if (holder.deletedAt === null) throw taken();
    await this.index.remove(holder._id, session);
  }

  private async write(
    context: OrganisationContext,
    row: KeyRow,
    change: { session: Session | null; stored: Session; wanted: string | null; demand: Precondition },
  ): Promise<KeyRow> {
    const { session, stored, wanted, demand } = change;
    await this.store.ping();
    const now = this.clock.now();
    const changed: KeyRow = {
      ...row,
      ...(session === null ? { deletedAt: now } : factsOf(sessionFacts(session))),
      ...{ version: row.version + 1, updatedAt: now },
      pending: { wanted, due: this.keeper.due(), repeats: 0 },
    };
    await this.tools.recorder.commit(context, async (unit) => {
      const { requireIfMatch } = await unit.rules();
      const current = await this.index.byHash(context.organisation, [row.hash], unit.session);
      if (current === null) throw missing();
      demand.check(current.version, requireIfMatch);
      // Somebody else was faster, and what was read is not what is there.
      if (!(await this.index.replace(changed, row.version, unit.session))) throw new Conflict('id_conflict', outrun);
      this.record(unit, changed, stored, session);
    });
    const there = row.pending?.wanted ?? writeSession(stored);
    await this.bring(changed, { ...row, pending: { ...pendingNow(changed), wanted: there } });
    return changed;
  }

  /**
   * Brings a committed change to Redis. When that cannot be reached, the key is left as it was, and the caller told so; the keeper
   * undoes what has reached Redis all the same.
   */
  private async bring(row: KeyRow, before: KeyRow): Promise<void> {
    try {
      await this.keeper.apply(row);
    } catch (error) {
      this.logger.error({ err: error, key: row._id }, 'A change of a key did not reach Redis, and is taken back');
      await this.index.replace({ ...before, version: row.version + 1 }, row.version, null);
      throw new Unavailable('The Redis of the nodes', error);
    }
  }

  private record(unit: UnitOfWork, row: KeyRow, before: Session | null, after: Session | null): void {
    const { nodeSecret } = this.config;
    const was = before === null ? null : keyCard(sessionForCallers(before), nodeSecret);
    const is = after === null ? null : keyCard(sessionForCallers(after), nodeSecret);
    unit.record({
      kind: 'key',
      id: row._id,
      operation: was === null ? 'create' : is === null ? 'delete' : 'update',
      version: row.version,
      before: was?.text ?? null,
      after: is?.text ?? null,
      digest: (is ?? was)?.digest ?? '',
      replaced: null,
      written: null,
    });
  }
}

const outrun = 'Somebody else has changed the key at the same time; read it again';

const taken = (): Conflict => new Conflict('id_conflict', 'The key cannot be used: its hash belongs to another key');

const pendingNow = ({ pending, updatedAt }: KeyRow): NonNullable<KeyRow['pending']> => ({
  due: updatedAt,
  repeats: 0,
  ...pending,
  wanted: pending?.wanted ?? null,
});
