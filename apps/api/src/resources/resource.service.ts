import { CastellanError, Conflict, NotFound, ValidationFailed, type FieldError } from '@castellan/dto';
import {
  DuplicateKey,
  isObjectIdText,
  newObjectId,
  toObjectId,
  type Change,
  type ChangeContext,
  type Draft,
  type Head,
  type Operation,
  type OrganisationId,
  type ResourceRow,
  type ResourceStore,
  type Span,
  type UnitOfWork,
} from '@castellan/persistence';
import { isJsonObject, objectAt, parseJson, type JsonObject } from '@castellan/tyk';
import type { ClientSession, Types } from 'mongoose';
import type { Precondition } from '../http/precondition';
import type { Asker } from '../ownership/sights';
import type { DocumentForm } from './document-form';
import type { ResourceTools } from './resource-tools';
import type { ReadScope } from './read-scope';
import { withRightsOf, withUnsaidRightsOf } from './rights';
import type { Drafting, Obstacle, Wanted } from './wanted';

/** What a removal needs to know beside the row. */
export interface RemovalOptions {
  /** Remove it even while something refers to it. */
  readonly force: boolean;
}

/** Where a new row comes from. */
interface Origin {
  readonly operation: 'create' | 'restore';
  readonly version: number;
  readonly hasSentId: boolean;
}

const fresh: Origin = { operation: 'create', version: 1, hasSentId: false };

/**
 * What every configuration resource can do, in one place: create, replace, remove, roll back, restore and try out, each
 * with version check, conflict check, revision, audit and delivery. A kind says what its content has to look like, how
 * it becomes a row, and what rows may not stand beside each other.
 */
export abstract class ResourceService<Row extends ResourceRow> {
  protected constructor(
    protected readonly tools: ResourceTools,
    readonly store: ResourceStore<Row>,
    /** What a 404 says, in Tyk's words. */
    private readonly missing: string,
  ) {
    tools.services.set(store.kind.name, this);
    tools.stores.add(store);
    tools.stores.answer(store.kind.name, (span, id) => this.headsNamed(span, id));
    tools.references.answer(store.kind.name, (scope, ids) => this.referred(scope, ids));
  }

  /** How its resources stand in documents; null for kinds that are in none. */
  abstract readonly form: DocumentForm<Row> | null;

  /** Does ahead what takes long about {@link parse}, for bodies that may be large. @throws Busy, BodyTooLarge */
  prepare(_body: unknown): Promise<void> {
    return Promise.resolve();
  }

  /** What is said of a removal that something stands in the way of. */
  protected readonly inUse: string = 'It is still in use; delete with force=true to remove it all the same';

  /**
   * Checks the shape of a body.
   *
   * @param isChange whether it is about a row that there is, for kinds that keep what a change does not say
   * @throws ValidationFailed with each wrong field
   */
  abstract parse(body: unknown, isChange: boolean): JsonObject;

  /**
   * Makes the row of a content: puts the identity in, checks what it refers to.
   *
   * @throws ValidationFailed
   */
  abstract draft(scope: ReadScope, drafting: Drafting<Row>): Promise<Draft<Row>>;

  /**
   * What is in the way of rows that are to be written together: each rule of the kind that is about more than one row stands
   * here, once. Whatever has to be unique is refused by an index too, should another writer be faster.
   *
   * @param leaving hex ids of rows of the kind that go in the same change
   */
  check(
    _scope: ReadScope,
    _wanted: readonly Wanted<Row>[],
    _leaving: ReadonlySet<string>,
  ): Promise<readonly Obstacle[]> {
    return Promise.resolve([]);
  }

  /**
   * Refuses whoever may not write rows of the kind, or not this one, whatever the right to its section says.
   *
   * @param current the row that it is about; null for a new one, and for one that there is not
   * @throws CastellanError 403
   */
  protected mayWrite(_unit: UnitOfWork, _current: Row | null): Promise<void> {
    return Promise.resolve();
  }

  /** Sets the limits that hold when rows of the kind come. */
  limit(_unit: UnitOfWork): void {
    // Most kinds have none.
  }

  /** Checks the shape of a body of any size. @throws ValidationFailed with each wrong field, Busy, BodyTooLarge */
  async parsed(body: unknown, isChange = false): Promise<JsonObject> {
    await this.prepare(body);
    return this.parse(body, isChange);
  }

  /** The row that an id of a request means; kinds that have ids of their own look those up too. */
  find(organisation: OrganisationId, id: string, session: ClientSession | null): Promise<Row | null> {
    if (!isObjectIdText(id)) return Promise.resolve(null);
    return this.store.findById(organisation, toObjectId(id), session);
  }

  /** The same without documents, and all of them where an id means several; for those who ask on every request. */
  async headsNamed(span: Span, id: string): Promise<readonly Head<Row>[]> {
    return isObjectIdText(id) ? this.store.headsWithIds(span, [toObjectId(id)]) : [];
  }

  /** The rows that resources of other kinds name by these ids, as far as there are such. */
  protected referred({ organisation, session }: ReadScope, ids: readonly string[]): Promise<readonly Row[]> {
    return this.store.byIds(organisation, ids.filter(isObjectIdText).map(toObjectId), session);
  }

  /** Says what is in the way when a unique index refuses a write. */
  protected abstract conflict(error: DuplicateKey, asker: Asker): Promise<CastellanError>;

  /** What still refers to the row and keeps it from being removed. */
  protected users(_unit: UnitOfWork, _row: Row): Promise<readonly FieldError[]> {
    return Promise.resolve([]);
  }

  /** Follows up in the same unit on a row that was written, or removed (`after` is null). */
  protected followUp(_unit: UnitOfWork, _before: Row | null, _after: Row | null): Promise<void> {
    return Promise.resolve();
  }

  /** @throws NotFound */
  async require(organisation: OrganisationId, id: string, session: ClientSession | null = null): Promise<Row> {
    const row = await this.find(organisation, id, session);
    if (row === null) throw this.notFound();
    return row;
  }

  notFound(): NotFound {
    return new NotFound(this.missing);
  }

  /** The row that a request is about to change. @throws NotFound, VersionMismatch, 428 where the organisation demands more */
  async requireIn(unit: UnitOfWork, id: string, precondition: Precondition): Promise<Row> {
    const row = await this.find(unit.organisation, id, unit.session);
    await this.mayWrite(unit, row);
    return unit.require(row, () => this.notFound(), precondition);
  }

  /** @throws ValidationFailed, Conflict */
  async create(context: ChangeContext, body: unknown): Promise<Row> {
    const content = await this.parsed(body);
    return this.commit(context, (unit) => this.insertNew(unit, content));
  }

  /** @throws NotFound, ValidationFailed, Conflict, VersionMismatch */
  async update(context: ChangeContext, id: string, body: unknown, precondition: Precondition): Promise<Row> {
    const content = await this.parsed(body, true);
    return this.commit(context, async (unit) =>
      this.replaceIn(unit, await this.requireIn(unit, id, precondition), content),
    );
  }

  /** @throws NotFound, VersionMismatch, Conflict while something refers to it and `force` is not set */
  async remove(
    context: ChangeContext,
    id: string,
    precondition: Precondition,
    options: RemovalOptions = { force: false },
  ): Promise<void> {
    await this.commit(context, async (unit) =>
      this.removeIn(unit, await this.requireIn(unit, id, precondition), options),
    );
  }

  /**
   * Makes the content of an earlier revision the newest one, with all checks. Who has rights in the resource stays as it is.
   *
   * @throws NotFound, ValidationFailed, Conflict, VersionMismatch
   */
  async rollback(context: ChangeContext, id: string, number: number, precondition: Precondition): Promise<Row> {
    const { organisation } = context;
    const { _id } = await this.require(organisation, id);
    const revision = await this.tools.revisions.get(organisation, this.store.kind.name, _id, number);
    const content = contentOf(revision);
    if (content === null) {
      throw new ValidationFailed([{ path: 'revision', message: `there is no revision ${number} to go back to` }]);
    }
    return this.commit(context, async (unit) => {
      const current = await this.requireIn(unit, id, precondition);
      const restored = withRightsOf(this.store.kind.name, documentOf(current), content);
      return this.replaceIn(unit, current, await this.parsed(restored), 'rollback');
    });
  }

  /**
   * Brings a deleted resource back with its ids and the content that it had last, with all checks.
   *
   * @param id any id that it had
   * @throws NotFound, ValidationFailed, Conflict when it exists or something took its place
   */
  async restore(context: ChangeContext, id: string): Promise<Row> {
    const { organisation } = context;
    const { name } = this.store.kind;
    return this.commit(context, async (unit) => {
      await unit.rules();
      const { session } = unit;
      if ((await this.find(organisation, id, session)) !== null) {
        throw new Conflict('id_conflict', 'The resource exists; there is nothing to restore');
      }
      const resourceId = await this.tools.revisions.resourceNamed(organisation, name, id, session);
      if (resourceId === null) throw this.notFound();
      if ((await this.store.findById(organisation, resourceId, session)) !== null) {
        throw new Conflict('id_conflict', 'The resource exists; there is nothing to restore');
      }
      const last = await this.tools.revisions.latest(organisation, name, resourceId, { session });
      const existing = await this.tools.revisions.latest(organisation, name, resourceId, { existing: true, session });
      const content = contentOf(existing);
      if (last === null || content === null) throw this.notFound();
      const origin: Origin = { operation: 'restore', version: last.number + 1, hasSentId: true };
      return this.insertIn(unit, await this.parsed(content), resourceId, origin);
    });
  }

  /** Everything that a write would check, and nothing written. @param id the resource that it would replace, if any */
  async dryRun(context: ChangeContext, body: unknown, id: string | undefined): Promise<readonly Change[]> {
    const content = await this.parsed(body, id !== undefined);
    const { changes } = await this.dryRunOf(context, async (unit) => {
      if (id === undefined) return this.insertNew(unit, content);
      const current = await this.find(unit.organisation, id, unit.session);
      await this.mayWrite(unit, current);
      if (current === null) throw this.notFound();
      return this.replaceIn(unit, current, content);
    });
    return changes;
  }

  /**
   * Writes a new row under the id that its content asks for, or else a new one. An id that was deleted goes on counting
   * where it ended, so that no version and no entity tag ever stands for two contents.
   */
  protected async insertNew(unit: UnitOfWork, content: JsonObject): Promise<Row> {
    await this.mayWrite(unit, null);
    await this.tools.owners.requireKnown(unit.organisation, content, () => null);
    const id = this.sentId(content);
    if (id === null) return this.insertIn(unit, content, newObjectId());
    const versions = await this.firstVersions(unit.organisation, [id], unit.session);
    const version = versions.get(id.toString()) ?? 1;
    return this.insertIn(unit, content, id, { operation: 'create', version, hasSentId: true });
  }

  /** Writes a new row in a unit that may hold more. */
  async insertIn(unit: UnitOfWork, content: JsonObject, id: Types.ObjectId, origin = fresh): Promise<Row> {
    await unit.rules();
    const { operation, version, hasSentId } = origin;
    const references = this.tools.references.of(unit, this.store.kind.name);
    const draft = await this.draft(unit, { content, id, current: null, operation, references });
    await this.refuseObstacles(unit, { draft, current: null, content, hasSentId, label: '' });
    return this.put(unit, null, draft, { operation, version });
  }

  /** Replaces a row in a unit that may hold more; the same content changes nothing. Rights of which it does not speak stay. */
  async replaceIn(unit: UnitOfWork, current: Row, sent: JsonObject, operation: Operation = 'update'): Promise<Row> {
    await unit.rules();
    const content = withUnsaidRightsOf(this.store.kind.name, () => documentOf(current), sent);
    await this.tools.owners.requireKnown(unit.organisation, content, () => parseJson(current.document));
    const references = this.tools.references.of(unit, this.store.kind.name);
    const draft = await this.draft(unit, { content, id: current._id, current, operation, references });
    // What is stored was checked when it was stored.
    if (await isOther(unit, draft, current)) {
      await this.refuseObstacles(unit, { draft, current, content, hasSentId: false, label: '' });
    }
    return this.put(unit, current, draft, { operation, version: 1 });
  }

  /** Writes a row that was drafted and checked before, in the place of another one or as a new one. */
  async put(
    unit: UnitOfWork,
    current: Row | null,
    draft: Draft<Row>,
    { operation, version }: { readonly operation: Operation; readonly version: number },
  ): Promise<Row> {
    if (current === null) this.limit(unit);
    const row =
      current === null
        ? await this.store.insert(unit, draft, { version, operation })
        : await this.store.replace(unit, current, draft, operation);
    if (row !== current) await this.followUp(unit, current, row);
    return row;
  }

  /** Removes a row in a unit that may hold more. */
  async removeIn(unit: UnitOfWork, current: Row, { force }: RemovalOptions): Promise<void> {
    const users = force ? [] : await this.users(unit, current);
    if (users.length > 0) {
      throw new Conflict('in_use', this.inUse, { errors: users });
    }
    await this.store.remove(unit, current);
    await this.followUp(unit, current, null);
  }

  /** The first version of new rows that existed before, by hex id. */
  async firstVersions(
    organisation: OrganisationId,
    ids: readonly Types.ObjectId[],
    session: ClientSession | null,
  ): Promise<ReadonlyMap<string, number>> {
    const last = await this.tools.revisions.lastNumbers(organisation, this.store.kind.name, ids, session);
    return new Map([...last].map(([id, number]) => [id, number + 1]));
  }

  /** The row id that a new content asks for; a kind that honours ids that are sent overrides this. */
  protected sentId(_content: JsonObject): Types.ObjectId | null {
    return null;
  }

  /** Turns what a unique index said into a conflict that names what is in the way. */
  explain(error: unknown, asker: Asker): Promise<unknown> {
    return error instanceof DuplicateKey ? this.conflict(error, asker) : Promise.resolve(error);
  }

  /** Runs work to see what it would change, and takes everything back; a refusal names what is in the way. */
  async dryRunOf<T>(
    context: ChangeContext,
    work: (unit: UnitOfWork) => Promise<T>,
  ): Promise<{ value: T; changes: readonly Change[] }> {
    return this.tools.dryRun(context, work, (error) => this.explain(error, context));
  }

  /** Commits work on behalf of an organisation; a refusal by a unique index names what is in the way. */
  async commit<T>(context: ChangeContext, work: (unit: UnitOfWork) => Promise<T>): Promise<T> {
    return this.tools.commit(context, work, (error) => this.explain(error, context));
  }

  private async refuseObstacles(unit: UnitOfWork, wanted: Wanted<Row>): Promise<void> {
    const [obstacle] = await this.check(unit, [wanted], new Set());
    if (obstacle !== undefined) throw obstacle.error;
  }
}

const isOther = async (
  { documents }: UnitOfWork,
  { document }: Pick<ResourceRow, 'document'>,
  current: ResourceRow,
): Promise<boolean> => document !== current.document && (await documents.digest(document)) !== current.digest;

const documentOf = ({ document }: ResourceRow): JsonObject => objectAt(parseJson(document));

const contentOf = (revision: { readonly document: string | null } | null): JsonObject | null => {
  if (revision?.document == null) return null;
  const content = parseJson(revision.document);
  return isJsonObject(content) ? content : null;
};
