import { Injectable } from '@nestjs/common';
import { Conflict, StatusReply, Unavailable, ValidationFailed } from '@castellan/dto';
import { Clock } from '@castellan/observability';
import { explainPolicies, objectAt, textAt, type JsonObject, type JsonValue } from '@castellan/tyk';
import { isOutage } from '../http/outage';
import type { Precondition } from '../http/precondition';
import { piece, tagged } from '../http/reply-headers';
import type { OrganisationContext } from '../http/request-context';
import { Sights } from '../ownership/sights';
import { dryRunChanges } from '../resources/dry-run';
import { KeyContents } from './key-contents';
import { KeyCounters, type Counters } from './key-counters';
import { KeyFinder, missing, type FoundKey } from './key-finder';
import { KeyListsService, type KeyPage } from './key-lists.service';
import { indexEntry, indexReply, keyReply, lateness } from './key-reply';
import type { KeyQuery, KeySearch } from './key-queries';
import type { DetailedKeysDto, KeyDeletedDto, KeyListDto, KeyReplyDto } from './key.dto';
import { KeysService, type Choice } from './keys.service';
import { RepeatedCreations, type Repeatable } from './repeated-creations';

/** A key as a path names it. */
export interface NamedKey {
  readonly key: string;
  readonly query: KeyQuery;
  /** Only a key with a right to this API; null for any. */
  readonly apiId: string | null;
}

/** What an update answers: what old clients expect, and after it what newer ones do. */
type UpdatedKey = Pick<StatusReply, 'Status' | 'Message' | 'Meta'> & KeyReplyDto;

/** What the routes of keys have in common, whichever path they are at. */
@Injectable()
export class KeyRequests {
  constructor(
    private readonly keys: KeysService,
    private readonly lists: KeyListsService,
    private readonly finder: KeyFinder,
    private readonly counters: KeyCounters,
    private readonly clock: Clock,
    private readonly sights: Sights,
    private readonly repeated: RepeatedCreations,
    private readonly contents: KeyContents,
  ) {}

  async list(context: OrganisationContext, query: KeySearch, apiId?: string): Promise<unknown> {
    const { rows, pages, total, next } = await this.lists.page(context, query, apiId);
    const list: KeyListDto = { data: { keys: rows.map(({ hash }) => hash) }, pages, total };
    return piece(next, list);
  }

  async detailed(context: OrganisationContext, query: KeySearch): Promise<unknown> {
    const { next, ...page } = await this.lists.page(context, query);
    return piece(next, detailed(page));
  }

  async search(context: OrganisationContext, token: string): Promise<DetailedKeysDto> {
    return detailed(await this.lists.byToken(context, token));
  }

  async preview(context: OrganisationContext, body: unknown): Promise<KeyReplyDto> {
    const { session, policies } = await this.keys.preview(context, body);
    if (policies.length === 0) return keyReply({ hash: '' }, session, this.clock.now());
    const { limits, explanation: notes } = explainPolicies(session, policies);
    return keyReply({ hash: '' }, session, this.clock.now(), { notes, limits });
  }

  /** @param id the key that the body would change: a token, a chosen id, a hash or a username; none for a new one */
  async validate(context: OrganisationContext, body: unknown, id: string | undefined): Promise<StatusReply> {
    const query = { hashed: false, username: false, auto_guess: true };
    const found = id === undefined ? null : await this.find(context, { key: id, query, apiId: null });
    const changes = await dryRunChanges(await this.keys.dryRun(context, body, found));
    return new StatusReply('Key is valid', { changes });
  }

  /** Makes a key, or tells what an earlier one of the same requests has made. @throws Conflict when that asked for something else */
  async createOnce(context: OrganisationContext, body: unknown, name: string | undefined): Promise<unknown> {
    if (name === undefined) return this.create(context, body);
    const repeatable = this.repeated.of(context, name, body);
    const before = await this.madeBefore(context, repeatable);
    if (before !== null) return before;
    try {
      return await this.create(context, body, { repeatable });
    } catch (error) {
      // Of two at the same moment one makes it, and the other one finds it made.
      const meanwhile = error instanceof Conflict ? await this.madeBefore(context, repeatable) : null;
      if (meanwhile === null) throw error;
      return meanwhile;
    }
  }

  private async madeBefore(context: OrganisationContext, repeatable: Repeatable): Promise<unknown> {
    const made = await this.repeated.made(context, repeatable);
    if (made === null) return null;
    const { row, session } = await this.finder.withSession(made.row);
    if (!(await this.sights.seesKey(context, row))) throw missing();
    return tagged(row, keyReply(row, session, this.clock.now(), { token: made.token }));
  }

  async create(context: OrganisationContext, body: unknown, choice?: Choice): Promise<unknown> {
    const { token, row, session, notes = [] } = await this.keys.create(context, body, choice);
    return tagged(row, keyReply(row, session, this.clock.now(), { token, notes }));
  }

  /** A user whose name stands in the body. */
  async createUserOf(context: OrganisationContext, body: unknown): Promise<unknown> {
    const username = textAt(jsonObject(body), 'basic_auth_data', 'user');
    if (username === '') throw new ValidationFailed([{ path: 'basic_auth_data.user', message: 'is required' }]);
    return this.create(context, body, { username });
  }

  /** While Redis is out of reach this is what the index knows, without live counters. */
  async get(context: OrganisationContext, named: NamedKey): Promise<unknown> {
    let found: FoundKey;
    try {
      found = await this.find(context, named);
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      const row = await this.finder.indexed(context.organisation, named.key, named.query);
      if (row === null || !(await this.sights.seesKey(context, row))) throw error;
      return tagged(row, indexReply(row));
    }
    return tagged(
      found.row,
      keyReply(found.row, found.session, this.clock.now(), { counters: await this.live(found) }),
    );
  }

  async update(
    context: OrganisationContext,
    named: NamedKey,
    { body, precondition, resetsQuota }: { body: unknown; precondition: Precondition; resetsQuota: boolean },
  ): Promise<unknown> {
    const found = await this.find(context, named);
    const [changed, notes] = await Promise.all([
      this.keys.update(context, found, body, { demand: precondition, resetsQuota }),
      this.contents.rightsNotes(this.contents.references(context.organisation), found.session),
    ]);
    const told = keyReply(changed.row, changed.session, this.clock.now(), { notes });
    const { api_model, key_id, data, key_hash, explanation } = told;
    const status = { Status: 'OK', Message: 'Key updated', Meta: '' } as const;
    const reply: UpdatedKey = { ...status, api_model, key_id, data, key_hash, explanation };
    return tagged(changed.row, reply);
  }

  async remove(context: OrganisationContext, named: NamedKey, precondition: Precondition): Promise<KeyDeletedDto> {
    const found = await this.find(context, named);
    await this.keys.remove(context, found, precondition);
    const explanation = lateness(found.row);
    // In the spelling of the original.
    const status = { Status: 'OK', Message: 'Key deleted succesfully' };
    return { ...status, ...(explanation.length === 0 ? {} : { explanation }), Meta: '' };
  }

  /** A key that opens what somebody does not see is for them none. */
  private async find(context: OrganisationContext, { key, query, apiId }: NamedKey): Promise<FoundKey> {
    const found = await this.finder.require(context.organisation, key, query, apiId);
    if (await this.sights.seesKey(context, found.row)) return found;
    throw missing();
  }

  /** Null when Redis went away since the session was read. */
  private async live({ row, session }: FoundKey): Promise<Counters | null> {
    try {
      return await this.counters.of(row, session);
    } catch (error) {
      if (isOutage(error)) return null;
      throw error;
    }
  }
}

function detailed({ rows, pages, total }: Omit<KeyPage, 'next'>): DetailedKeysDto {
  return { keys: rows.map(indexEntry), pages, total };
}

function jsonObject(body: unknown): JsonObject {
  return objectAt(JSON.parse(JSON.stringify(body ?? null)) as JsonValue);
}
