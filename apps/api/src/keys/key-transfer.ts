import { Injectable } from '@nestjs/common';
import { CastellanError, Conflict, ValidationFailed, type FieldError } from '@castellan/dto';
import { KeyStore } from '@castellan/keys';
import { Clock } from '@castellan/observability';
import { KeyIndex, newObjectId, toObjectId, type KeyRow } from '@castellan/persistence';
import {
  isKeyHash,
  objectAt,
  opensNothing,
  policiesOf,
  readSession,
  sessionFacts,
  sessionForCallers,
  sessionName,
  writeSession,
  type JsonObject,
  type KeyNames,
  type Session,
} from '@castellan/tyk';
import type { OrganisationContext } from '../http/request-context';
import { ResourceTools } from '../resources/resource-tools';
import { problemsOfSession } from '../threads/document-checks';
import { KeyContents, type Completion } from './key-contents';
import { factsOf } from './key-facts';
import { KeyKeeper } from './key-keeper';
import { KeyListsService } from './key-lists.service';
import { KeyOwnValues } from './key-own-values';
import { digestOf, KeyPlacing } from './key-places';
import { MOST_AT_ONCE } from './key-selection';
import { KeyWriter, taken, type KeyChange } from './key-writer';

/** A key as it is moved to another installation. Whoever has it has the secrets in it. */
export interface MovedKey {
  /** Names in Redis, of the session first and then of its copies: hashes, or tokens where keys are not hashed. */
  readonly names: readonly string[];
  readonly announced: readonly string[];
  readonly username: string;
  /** The session, as the text that it is. */
  readonly session: string;
  /** What it says itself beside its policies, as JSON text; nothing where that is not known. */
  readonly own?: string;
}

/** What became of one key of an import, or would become of it. */
export interface ImportedKey {
  readonly key_id: string;
  readonly status: 'created' | 'changed' | 'unchanged' | 'refused' | 'failed';
  readonly message?: string;
  readonly errors?: readonly FieldError[];
}

/** What a moved key meets where it goes. */
interface Target {
  readonly holder: KeyRow | null;
  readonly there: string | null;
  readonly overwrite: boolean;
  readonly completion: ImportCompletion;
}

type ImportCompletion = Completion & Required<Pick<Completion, 'references'>>;

/** Moves keys between installations. */
@Injectable()
export class KeyTransfer {
  constructor(
    private readonly tools: ResourceTools,
    private readonly lists: KeyListsService,
    private readonly index: KeyIndex,
    private readonly store: KeyStore,
    private readonly placing: KeyPlacing,
    private readonly contents: KeyContents,
    private readonly keeper: KeyKeeper,
    private readonly writer: KeyWriter,
    private readonly own: KeyOwnValues,
    private readonly clock: Clock,
  ) {}

  async export(
    context: OrganisationContext,
    after: string | undefined,
  ): Promise<{ readonly keys: readonly MovedKey[]; readonly next: string | null }> {
    const place = after === undefined ? ({ page: 1 } as const) : { after };
    const { rows, next } = await this.lists.piece(context, {}, place, MOST_AT_ONCE);
    const places = rows.map((row) => this.placing.of(row));
    const texts = await this.store.readMany(places.map(({ names }) => sessionName(names[0] ?? '')));
    const keys = rows.flatMap((row, at): MovedKey[] => {
      const session = row.pending?.wanted ?? texts[at] ?? null;
      const { names = [], announced = [] } = places[at] ?? {};
      if (session === null) return [];
      const own = this.own.of(row);
      const said = own === null ? {} : { own: JSON.stringify(own) };
      return [{ names, announced, username: row.username, session, ...said }];
    });
    return { keys, next };
  }

  /** Writes keys as they come, each byte of their sessions but for the organisation. */
  async import(
    context: OrganisationContext,
    keys: readonly MovedKey[],
    { overwrite, dryRun }: { readonly overwrite: boolean; readonly dryRun: boolean },
  ): Promise<readonly ImportedKey[]> {
    const digests = keys.map(({ names }) => names.map(digestOf));
    const known = await this.index.known(digests.flat());
    const holders = new Map(known.flatMap((row) => [row.hash, ...row.copies].map((hash) => [hash, row] as const)));
    const there = await this.store.readMany(keys.map(({ names }) => sessionName(names[0] ?? '')));
    const results: ImportedKey[] = [];
    const changes: KeyChange[] = [];
    const seen = new Set<string>();
    const sight = await this.tools.sights.of(context);
    const references = this.contents.references(context.organisation);
    const completion = {
      ...{ ...context, sight, references, now: this.clock.now() },
      ...{ resetsQuota: false, before: null, row: null },
    };
    for (const [at, key] of keys.entries()) {
      const [key_id = ''] = digests[at] ?? [];
      const holder = (digests[at] ?? []).map((digest) => holders.get(digest)).find((row) => row !== undefined);
      try {
        if (seen.has(key_id)) throw new ValidationFailed([], 'It is there twice');
        seen.add(key_id);
        const change = await this.changeOf(context, key, {
          holder: holder ?? null,
          there: there[at] ?? null,
          ...{ overwrite, completion },
        });
        if (change === null) results.push({ key_id, status: 'unchanged' });
        else changes.push(change);
      } catch (error) {
        if (!(error instanceof CastellanError) || error.status >= 500) throw error;
        results.push({ key_id, status: 'refused', message: error.message, errors: error.errors });
      }
    }
    const failed = dryRun || changes.length === 0 ? new Map() : await this.writer.write(context, changes);
    for (const { row, before } of changes) {
      const isFailed = failed.has(row._id.toString());
      results.push({ key_id: row.hash, status: isFailed ? 'failed' : before === null ? 'created' : 'changed' });
    }
    return results;
  }

  /** @returns null when it is like that already @throws CastellanError when it cannot be taken */
  private async changeOf(
    context: OrganisationContext,
    { names, announced, username, session: text, own }: MovedKey,
    { holder, there, overwrite, completion }: Target,
  ): Promise<KeyChange | null> {
    const sent = readSession(text);
    if (sent === undefined) throw new ValidationFailed([], 'Its session is no JSON object');
    const session: Session = { ...sent, org_id: context.organisation };
    const said = own === undefined ? undefined : await readOwn(own);
    const policies = await this.check(session, completion);
    const wanted = writeSession(session, text);
    if (holder !== null && holder.deletedAt === null) {
      if (holder.orgId.toString() !== context.organisation) throw taken();
      if (there === wanted) return null;
      if (!overwrite) throw new Conflict('id_conflict', 'It is there already, otherwise');
      const change = this.writer.changeOf({ row: holder, session: readSession(there ?? '') ?? {} }, session, wanted);
      return { ...change, row: { ...change.row, ...this.own.moved(holder._id, session, { said, policies }) } };
    }
    if (there !== null && there !== wanted)
      throw new Conflict('id_conflict', 'Redis has another session under its name');
    const [main = '', ...copies] = names;
    const [now, id] = [this.clock.now(), newObjectId()];
    const facts = sessionFacts(session);
    const placed: KeyNames = { main, copies, announced: [...new Set([...names, ...announced])] };
    const row: KeyRow = {
      ...this.placing.row(id, placed, isKeyHash(main)),
      ...this.own.moved(id, session, { said, policies }),
      ...{ orgId: toObjectId(context.organisation), version: 1 },
      ...{ username, createdBy: context.user.userId, deletedAt: null },
      ...factsOf(facts),
      ...{ createdAt: facts.created ?? now, updatedAt: now },
      pending: { wanted, due: this.keeper.due(), repeats: 0 },
    };
    return { row, before: null, was: null, is: session };
  }

  /**
   * What it names has to be there, and what nodes would misread is refused as in any other write.
   *
   * @returns the policies that it applies
   */
  private async check(session: Session, completion: ImportCompletion): Promise<readonly JsonObject[]> {
    const problems = await problemsOfSession(session);
    if (problems.length > 0) throw new ValidationFailed(problems, 'Its session cannot be stored');
    if (opensNothing(session) && policiesOf(session).length === 0)
      throw new ValidationFailed([], 'It would open every API');
    const policies = await this.contents.requireKnown(sessionForCallers(session), completion);
    return policies.map(({ policy }) => policy);
  }
}

/** @throws ValidationFailed where it could not stand in a session, which it may come to one day */
async function readOwn(text: string): Promise<JsonObject> {
  const said = readSession(text);
  if (said === undefined) throw new ValidationFailed([], 'What it says itself is no JSON object');
  const { limits = {}, ...values } = said;
  const problems = await problemsOfSession({ ...objectAt(limits), ...values });
  if (problems.length > 0) throw new ValidationFailed(problems, 'What it says itself cannot be stored');
  return said;
}
