import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { Conflict, ValidationFailed } from '@castellan/dto';
import { KeyStore } from '@castellan/keys';
import { Clock } from '@castellan/observability';
import { KeyIndex, newObjectId, toObjectId, type Change, type KeyRow, type UnitOfWork } from '@castellan/persistence';
import {
  checkKeyId,
  contentDigest,
  isKeyHash,
  ownKeyId,
  sessionFacts,
  sessionForCallers,
  sessionName,
  textAt,
  writeSession,
  type AppliedPolicy,
  type JsonObject,
  type Session,
} from '@castellan/tyk';
import type { Precondition } from '../http/precondition';
import type { OrganisationContext } from '../http/request-context';
import { refuseUnfitRoute } from '../resources/ids';
import { ResourceTools } from '../resources/resource-tools';
import { KeyContents } from './key-contents';
import { KeyCounters } from './key-counters';
import { factsOf } from './key-facts';
import { sessionToChange, type FoundKey } from './key-finder';
import { chosenKey, generatedKey, keyOfNodes, type NewKey } from './key-identity';
import { KeyKeeper } from './key-keeper';
import { KeyPlacing, plainDigest } from './key-places';
import type { KeyReferences } from './key-references';
import type { Repeatable } from './repeated-creations';
import { KeyWriter, taken, type KeyChange } from './key-writer';

/** What stands in paths where the id of a key would. */
const routes = ['detailed', 'export', 'import', 'preview', 'reconcile', 'search', 'validate'];

/** What a new key is to be called; neither for one with a generated token. */
export interface Choice {
  readonly id?: string;
  readonly username?: string;
  /** The certificate that opens it; what it is called follows from that. */
  readonly certificate?: string;
  /** A request that may come again. */
  readonly repeatable?: Repeatable;
}

/** A key that was made, with the token that is nowhere to be had after this. */
export interface CreatedKey {
  /** What its maker should know, beside what the session says. */
  readonly notes?: readonly string[];
  readonly token: string;
  readonly row: KeyRow;
  readonly session: Session;
}

/** A key as it would be. */
interface PreviewedKey {
  readonly session: Session;
  readonly policies: readonly AppliedPolicy[];
}

/** A key that is to be made. */
export interface DraftKey {
  readonly token: string;
  readonly change: KeyChange;
  readonly session: Session;
}

/** A key that has all but been changed. */
interface ChangedKey {
  readonly change: KeyChange;
  readonly session: Session;
  readonly text: string;
  /** Whether its counters begin anew. */
  readonly resets: boolean;
  /** Whether it is what nodes have already. */
  readonly isSame: boolean;
}

/** Keys of one organisation. */
@Injectable()
export class KeysService {
  constructor(
    private readonly tools: ResourceTools,
    private readonly contents: KeyContents,
    private readonly writer: KeyWriter,
    private readonly keeper: KeyKeeper,
    private readonly index: KeyIndex,
    private readonly store: KeyStore,
    private readonly placing: KeyPlacing,
    private readonly counters: KeyCounters,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {}

  /** @throws ValidationFailed, Conflict when the id is taken, Unavailable when nodes' Redis is */
  async create(context: OrganisationContext, body: unknown, asked: Choice = {}): Promise<CreatedKey> {
    const content = await this.contents.parse(body);
    const choice = choiceWith(content, asked);
    const references = this.contents.references(context.organisation);
    const { change, token, session } = await this.made(context, content, choice, references);
    // Before it is written: what comes after that and fails would keep the token from being shown, once as it is. Of the APIs that
    // the body names, which were read for its check; those of policies are looked at by changes.
    const ofLogin = choice.username === undefined ? [] : await this.contents.loginNotes(references, session);
    const notes = [...ofLogin, ...(await this.contents.rightsNotes(references, content))];
    await this.writer.writeTogether(context, [change]);
    return { token, row: change.row, session: sessionForCallers(session), notes };
  }

  /**
   * What a write would change, with everything checked and nothing written.
   *
   * @param found the key that it would replace; null for a new one
   * @throws what {@link create} and {@link update} throw
   */
  async dryRun(context: OrganisationContext, body: unknown, found: FoundKey | null): Promise<readonly Change[]> {
    const content = await this.contents.parse(body);
    const { change } = await (found === null
      ? this.made(context, content, {})
      : this.changed(context, found, content, true));
    return this.writer.dryRun(context, [change]);
  }

  /** What a body would become, with everything checked and nothing written, and the policies that it would apply. */
  async preview(context: OrganisationContext, body: unknown): Promise<PreviewedKey> {
    const references = this.contents.references(context.organisation);
    const content = await this.contents.parse(body);
    const session = sessionForCallers(await this.complete(context, content, null, true, references));
    return { session, policies: await references.applied(session) };
  }

  /** Changes the fields that a body names; the others stay. @throws NotFound, VersionMismatch, ValidationFailed, Unavailable */
  async update(
    context: OrganisationContext,
    found: FoundKey,
    body: unknown,
    { demand, resetsQuota }: { demand: Precondition; resetsQuota: boolean },
  ): Promise<FoundKey> {
    const content = await this.contents.parse(body);
    const completed = memoised(() => this.changed(context, found, content, resetsQuota));
    // Hashing a password takes long, and a unit that has begun holds others up.
    if (textAt(content, 'basic_auth_data', 'password') !== '') await completed();
    await this.writer.writeTogether(context, async (unit) => {
      const [, made] = await Promise.all([unit.rules(), completed()]);
      await requireVersion(unit, found, demand);
      return made.isSame ? [] : [made.change];
    });
    const { change, session, text, resets, isSame } = await completed();
    if (resets) await this.counters.reset([change.row]);
    return isSame ? found : { row: change.row, session, text };
  }

  /** @throws NotFound, VersionMismatch, Unavailable */
  async remove(context: OrganisationContext, found: FoundKey, demand: Precondition): Promise<void> {
    const change = this.writer.changeOf(found, null, null);
    await this.writer.writeTogether(context, async (unit) => {
      await requireVersion(unit, found, demand);
      return [change];
    });
    await this.counters.reset([change.row]);
  }

  /** A key that has all but been made. */
  private async made(
    context: OrganisationContext,
    content: Session,
    choice: Choice,
    references?: KeyReferences,
  ): Promise<DraftKey> {
    const session = await this.complete(context, content, null, true, references);
    const certificate = textAt(content, 'certificate');
    const chosen = certificate === '' || choice.id !== undefined ? choice : { ...choice, certificate };
    return this.draft(context, chosen, session);
  }

  /** A key that has all but been changed. */
  private async changed(
    context: OrganisationContext,
    found: FoundKey,
    content: Session,
    resetsQuota: boolean,
  ): Promise<ChangedKey> {
    // Whoever changes a password has used what they have used.
    const isPassword = Object.keys(content).join() === 'basic_auth_data';
    const resets = resetsQuota && !isPassword;
    const session = await this.complete(context, content, found, resets);
    const text = writeSession(session, found.text);
    const isSame = !resets && found.isThere === true && undated(session) === undated(found.session);
    return { change: this.writer.changeOf(found, session, text), session, text, resets, isSame };
  }

  private async complete(
    context: OrganisationContext,
    content: JsonObject,
    found: FoundKey | null,
    resetsQuota: boolean,
    references = this.contents.references(context.organisation),
  ): Promise<Session> {
    const sight = await this.tools.sights.of(context);
    const [before, row] = found === null ? [null, null] : [sessionToChange(found), found.row];
    const completion = { ...context, sight, now: this.clock.now(), resetsQuota, before, row, references };
    return this.contents.complete(content, completion);
  }

  private newKey({ organisation }: OrganisationContext, { id, username, certificate, repeatable }: Choice): NewKey {
    if (username !== undefined) {
      const problems = checkKeyId(username, organisation, 'username');
      if (problems.length > 0) throw new ValidationFailed(problems);
      return keyOfNodes(organisation, username, this.config);
    }
    if (certificate !== undefined) {
      const problem = { path: 'certificate', message: 'must be the id of a certificate of the organisation' };
      if (!isCertificateOf(organisation, certificate)) throw new ValidationFailed([problem]);
      return keyOfNodes(organisation, ownKeyId(certificate, organisation), this.config);
    }
    if (id === undefined) return generatedKey(organisation, this.config, repeatable?.tokenId);
    const problems = checkKeyId(id, organisation);
    if (problems.length > 0) throw new ValidationFailed(problems);
    refuseUnfitRoute(id, 'key', routes);
    // What looks like a hash is taken for one, and would stand in the index.
    if (!this.config.hashKeys && isKeyHash(id))
      throw new ValidationFailed([{ path: 'key', message: 'must not look like a hash where keys are not hashed' }]);
    return chosenKey(organisation, id, this.config);
  }

  /**
   * A key that has all but been made: its names are free.
   *
   * @param like the key that it goes on as under another name
   * @throws Conflict, ValidationFailed for a name that nodes misread
   */
  async draft(
    context: OrganisationContext,
    choice: Choice,
    session: Session,
    like: FoundKey | null = null,
  ): Promise<DraftKey> {
    const key = await this.freeKey(context, choice);
    const { organisation, user } = context;
    const [now, id] = [this.clock.now(), newObjectId()];
    const row: KeyRow = {
      ...this.placing.row(id, key.names, this.config.hashKeys),
      ...this.writer.ownOf(id, session, like),
      ...{ orgId: toObjectId(organisation), version: 1 },
      ...{ username: choice.username ?? '', createdBy: user.userId, deletedAt: null },
      ...factsOf(sessionFacts(session)),
      ...{ createdAt: now, updatedAt: now },
      ...(choice.repeatable === undefined ? {} : { asked: choice.repeatable.asked }),
      pending: { wanted: writeSession(session), due: this.keeper.due(), repeats: 0 },
    };
    return { token: key.token, change: { row, before: null, was: null, is: session }, session };
  }

  /** Short hashes of generated tokens can meet those of others; then there is another token. */
  private async freeKey(context: OrganisationContext, choice: Choice): Promise<NewKey> {
    const isGenerated = Object.values(choice).every((chosen) => chosen === undefined);
    for (let tried = 1; ; tried += 1) {
      const key = await this.withFreeCopies(this.newKey(context, choice), choice);
      if (key.isUnique) return key;
      try {
        await this.requireFree(key);
        return key;
      } catch (error) {
        if (!isGenerated || !(error instanceof Conflict) || tried === 5) throw error;
      }
    }
  }

  /** Whatever lies under a name already would be lost, and may be another organisation's. */
  private async requireFree({ names }: NewKey): Promise<void> {
    for (const name of [names.main, ...names.copies]) if (!(await this.isFree(name))) throw taken();
  }

  private async isFree(name: string): Promise<boolean> {
    const holder = await this.index.holderOf(this.config.hashKeys ? name : plainDigest(name));
    if (holder !== null) return holder.deletedAt !== null;
    return (await this.store.read(sessionName(name))) === null;
  }

  /**
   * Of the forms of token that nodes may make of a name, the oldest has a hash of 32 bits, in which two names can meet that are apart
   * everywhere else. The second lies under the other forms alone.
   */
  private async withFreeCopies(key: NewKey, { username, certificate }: Choice): Promise<NewKey> {
    if (username === undefined && certificate === undefined) return key;
    const copies: string[] = [];
    for (const name of key.names.copies) if (await this.isFree(name)) copies.push(name);
    return { ...key, names: { ...key.names, copies } };
  }
}

/** A chosen id with a password is a user of that name, as for gateways' own API: they look for the id in every form of token. */
const choiceWith = (content: Session, { id, ...others }: Choice): Choice => {
  if (id === undefined) return others;
  return textAt(content, 'basic_auth_data', 'password') === '' ? { id, ...others } : { username: id, ...others };
};

/** Refuses a unit unless the key is of the version that the caller demands; whether it still is, the writer finds out. */
export const requireVersion = async (unit: UnitOfWork, { row }: FoundKey, demand: Precondition): Promise<void> => {
  const { requireIfMatch } = await unit.rules();
  demand.check(row.version, requireIfMatch);
};

/** When it was changed last says of a session only that somebody meant to. */
const undated = (session: Session): string =>
  contentDigest(Object.fromEntries(Object.entries(session).filter(([name]) => name !== 'last_updated')));

/** For work that is begun by whoever asks for it first. */
const memoised = <T>(work: () => Promise<T>): (() => Promise<T>) => {
  let begun: Promise<T> | undefined;
  return () => (begun ??= work());
};

/** Certificates are named by their organisation and the SHA-256 of what they are. */
const isCertificateOf = (organisation: string, certificate: string): boolean =>
  certificate.startsWith(organisation) && /^[0-9a-f]{64}$/.test(certificate.slice(organisation.length));
