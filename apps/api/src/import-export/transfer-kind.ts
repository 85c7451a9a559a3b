import type { ClientSession, Types } from 'mongoose';
import type { FieldError } from '@castellan/dto';
import {
  DuplicateKey,
  refuseTooLarge,
  type Claims,
  type DocumentKind,
  type Draft,
  type Head,
  type OrganisationId,
  type ResourceRow,
  type UnitOfWork,
} from '@castellan/persistence';
import { contentDigest, parseJson, type JsonObject } from '@castellan/tyk';
import type { DocumentForm, Existing, Outline } from '../resources/document-form';
import type { References } from '../resources/references';
import type { AnyResource } from '../resources/resources';
import type { ReadScope } from '../resources/read-scope';
import type { Obstacle, Wanted } from '../resources/wanted';

/** A resource as it is going to be: ready to be written, and what decides about it. */
export interface Drafted {
  readonly draft: Draft<ResourceRow>;
  readonly outline: Outline;
  /** What it was made of. */
  readonly content: JsonObject;
}

/** One kind of resource, as exports and imports see it. */
export class TransferKind {
  /** The name of its section in documents. */
  readonly section: string;
  /** The name of the kind. */
  readonly name: string;

  constructor(
    readonly kind: DocumentKind,
    readonly form: DocumentForm<ResourceRow>,
    private readonly service: AnyResource,
  ) {
    this.section = kind.documents.section;
    this.name = kind.name;
  }

  /** Everything the organisation has of it, without the documents. */
  async existing(organisation: OrganisationId, session: ClientSession | null): Promise<readonly Existing[]> {
    const heads = await this.service.store.heads(organisation, {}, session);
    return heads.map((head) => ({ ...this.form.outlineOf(head), _id: head._id, digest: head.digest }));
  }

  /** Some of it, or all, whole. */
  rows(
    organisation: OrganisationId,
    ids: readonly Types.ObjectId[] | null,
    session: ClientSession | null,
  ): Promise<readonly ResourceRow[]> {
    if (ids === null) return this.service.store.findAll(organisation, {}, session);
    return this.service.store.allWithIds(organisation, ids, session);
  }

  /** @throws ValidationFailed, Busy, BodyTooLarge */
  parsed(content: JsonObject): Promise<JsonObject> {
    return this.service.parsed(content);
  }

  /**
   * What the content makes if it is all that was ever said of the resource; `stored` is what it was until now.
   *
   * @throws ValidationFailed
   */
  async draft(
    scope: ReadScope,
    references: References,
    parsed: JsonObject,
    id: Types.ObjectId,
    stored: JsonObject | null,
  ): Promise<Drafted> {
    const readings = stored === null ? [parsed] : (this.form.readings?.(parsed, stored) ?? [parsed]);
    const drafts: Drafted[] = [];
    for (const content of readings) {
      const draft = await this.service.draft(scope, { content, id, current: null, operation: 'create', references });
      // A large import is written down before its first row is, and nothing that is written down may be larger either.
      refuseTooLarge(draft.document);
      drafts.push({ draft, outline: this.form.outlineOf(draft), content });
      if (stored !== null && contentDigest(parseJson(draft.document)) === contentDigest(stored)) break;
    }
    const last = drafts.at(-1);
    if (last === undefined) throw new TypeError('A content has no reading');
    return last;
  }

  /** What is in the way of rows that are to be written together. */
  check(
    scope: ReadScope,
    wanted: readonly Wanted<ResourceRow>[],
    leaving: ReadonlySet<string>,
  ): Promise<readonly Obstacle[]> {
    return this.service.check(scope, wanted, leaving);
  }

  /** The heads of some rows, by hex id. */
  async heads(
    { organisation, session }: ReadScope,
    ids: readonly Types.ObjectId[],
  ): Promise<ReadonlyMap<string, Head<ResourceRow>>> {
    const heads = await this.service.store.headsWithIds(organisation, ids, session);
    return new Map(heads.map((head) => [head._id.toString(), head]));
  }

  /** The first version of new rows that existed before, by hex id. */
  firstVersions(
    organisation: OrganisationId,
    ids: readonly Types.ObjectId[],
    session: ClientSession | null,
  ): Promise<ReadonlyMap<string, number>> {
    return this.service.firstVersions(organisation, ids, session);
  }

  /** What keeps some from being deleted and is not looked at when they are: that would take too long for each. */
  async usersOf(organisation: OrganisationId, deleted: readonly Existing[]): Promise<readonly FieldError[]> {
    return (await this.form.usersOf?.(organisation, deleted)) ?? [];
  }

  /** Lets go of what must be unique, so that others of the same import may take it. */
  release(organisation: OrganisationId, ids: readonly Types.ObjectId[], session: ClientSession): Promise<void> {
    return this.service.store.releaseClaims(organisation, ids, session);
  }

  /** Gives a row again what it claimed; false when something else has it now. */
  async reclaim(organisation: OrganisationId, id: Types.ObjectId, claims: Claims): Promise<boolean> {
    try {
      await this.service.store.claimAgain(organisation, id, claims);
      return true;
    } catch (error) {
      if (error instanceof DuplicateKey) return false;
      throw error;
    }
  }

  /** Writes a drafted row in the place of the one with its id. @throws DuplicateKey, CastellanError */
  async put(unit: UnitOfWork, draft: Draft<ResourceRow>, version: number): Promise<void> {
    const current = await this.service.store.findById(unit.organisation, draft._id, unit.session);
    await this.service.put(unit, current, draft, { operation: current === null ? 'create' : 'update', version });
  }

  /** @throws Conflict while something refers to it */
  async remove(unit: UnitOfWork, id: Types.ObjectId): Promise<void> {
    const current = await this.service.store.findById(unit.organisation, id, unit.session);
    // What a form asks for all at once was asked for when the import was planned.
    const removal = { force: this.form.usersOf !== undefined };
    if (current !== null) await this.service.removeIn(unit, current, removal);
  }

  /** Makes a row what it was before an import: as given, but without its claims, or not there at all. */
  async putBack(unit: UnitOfWork, id: Types.ObjectId, before: ResourceRow | null): Promise<void> {
    const { store } = this.service;
    const current = await store.findById(unit.organisation, id, unit.session);
    if (before === null) {
      if (current !== null) await store.remove(unit, current, 'rollback');
      return;
    }
    const draft = this.form.withoutClaims?.(before) ?? before;
    if (current !== null) {
      await store.replace(unit, current, draft, 'rollback');
      return;
    }
    const versions = await this.firstVersions(unit.organisation, [id], unit.session);
    await store.insert(unit, draft, { version: versions.get(id.toString()) ?? 1, operation: 'rollback' });
  }

  /** What a row claimed. */
  claimsOf(row: Head<ResourceRow>): Claims {
    return this.form.outlineOf(row);
  }

  /** Says what is in the way when a unique index refuses a write. */
  explain(error: unknown, organisation: OrganisationId): Promise<unknown> {
    return this.service.explain(error, { organisation });
  }
}
