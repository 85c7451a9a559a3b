import { CastellanError, Conflict, NotFound, ValidationFailed, type FieldError } from '@castellan/dto';
import {
  DuplicateKey,
  isObjectIdText,
  newObjectId,
  toObjectId,
  type Change,
  type ChangeContext,
  type Draft,
  type OrganisationId,
  type ResourceRow,
  type ResourceStore,
  type RevisionRow,
  type RevisionStore,
} from '@castellan/persistence';
import { isJsonObject, parseJson, type JsonObject } from '@castellan/tyk';
import type { ClientSession, Types } from 'mongoose';
import type { Precondition } from '../http/precondition';
import type { ResourceTransaction } from './resource-transaction';
import type { ResourceWriter } from './resource-writer';

/** What a removal needs to know beside the row. */
export interface RemovalOptions {
  /** Remove it even while something refers to it. */
  readonly force: boolean;
}

/**
 * What every configuration resource can do, in one place: create, replace, remove, roll back, restore and try out, each
 * with version check, conflict check, revision, audit and delivery. A kind says what its content has to look like and
 * how it becomes a row.
 */
export abstract class ResourceService<Row extends ResourceRow> {
  protected constructor(
    protected readonly writer: ResourceWriter,
    readonly store: ResourceStore<Row>,
    protected readonly revisions: RevisionStore,
    /** What a 404 says, in Tyk's words. */
    private readonly missing: string,
  ) {}

  /** Checks the shape of a body. @throws ValidationFailed with each wrong field */
  abstract parse(body: unknown): JsonObject;

  /**
   * Makes the row of a content: puts the identity in, checks what it refers to.
   *
   * @param current the row that it will replace, or null for a new one
   * @throws ValidationFailed, Conflict
   */
  abstract draft(
    transaction: ResourceTransaction,
    content: JsonObject,
    id: Types.ObjectId,
    current: Row | null,
  ): Promise<Draft<Row>>;

  /**
   * Refuses a row that would be in the way of others, where no unique index says so, or one more than there may be.
   * Imports, which look at many rows at once, check the same in their own way.
   *
   * @throws CastellanError
   */
  protected guard(_transaction: ResourceTransaction, _draft: Draft<Row>, _current: Row | null): Promise<void> {
    return Promise.resolve();
  }

  /** The row that an id of a request means; kinds that have ids of their own look those up too. */
  find(organisation: OrganisationId, id: string, session: ClientSession | null): Promise<Row | null> {
    if (!isObjectIdText(id)) return Promise.resolve(null);
    return this.store.findById(organisation, toObjectId(id), session);
  }

  /** Says what is in the way when a unique index refuses a write. */
  protected abstract conflict(error: DuplicateKey, organisation: OrganisationId): Promise<CastellanError>;

  /** What still refers to the row and keeps it from being removed. */
  protected users(_transaction: ResourceTransaction, _row: Row): Promise<readonly FieldError[]> {
    return Promise.resolve([]);
  }

  /** Follows up in the same transaction on a row that was written, or removed (`after` is null). */
  protected followUp(_transaction: ResourceTransaction, _before: Row | null, _after: Row | null): Promise<void> {
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

  /** @throws ValidationFailed, Conflict */
  async create(context: ChangeContext, body: unknown): Promise<Row> {
    const content = this.parse(body);
    return this.commit(context, (transaction) => this.insertNew(transaction, content));
  }

  /** @throws NotFound, ValidationFailed, Conflict, VersionMismatch */
  async update(context: ChangeContext, id: string, body: unknown, precondition: Precondition): Promise<Row> {
    const content = this.parse(body);
    return this.commit(context, async (transaction) => {
      const current = await this.require(context.organisation, id, transaction.session);
      precondition.check(current.version, transaction.rules.requireIfMatch);
      return this.replaceIn(transaction, current, content);
    });
  }

  /** @throws NotFound, VersionMismatch, Conflict while something refers to it and `force` is not set */
  async remove(
    context: ChangeContext,
    id: string,
    precondition: Precondition,
    options: RemovalOptions = { force: false },
  ): Promise<void> {
    await this.commit(context, async (transaction) => {
      const current = await this.require(context.organisation, id, transaction.session);
      precondition.check(current.version, transaction.rules.requireIfMatch);
      await this.removeIn(transaction, current, options);
    });
  }

  /**
   * Makes the content of an earlier revision the newest one, with all checks.
   *
   * @throws NotFound, ValidationFailed, Conflict, VersionMismatch
   */
  async rollback(context: ChangeContext, id: string, number: number, precondition: Precondition): Promise<Row> {
    const { organisation } = context;
    const { _id } = await this.require(organisation, id);
    const revision = await this.revisions.get(organisation, this.store.kind.name, _id, number);
    const content = contentOf(revision);
    if (content === null) {
      throw new ValidationFailed([{ path: 'revision', message: `there is no revision ${number} to go back to` }]);
    }
    return this.commit(context, async (transaction) => {
      const current = await this.require(organisation, id, transaction.session);
      precondition.check(current.version, transaction.rules.requireIfMatch);
      transaction.changes.operationName = 'rollback';
      return this.replaceIn(transaction, current, this.parse(content));
    });
  }

  /**
   * Brings a deleted resource back with its ids and the content that it had last, with all checks.
   *
   * @throws NotFound, ValidationFailed, Conflict when it exists or something took its place
   */
  async restore(context: ChangeContext, id: string): Promise<Row> {
    const { organisation } = context;
    if (!isObjectIdText(id)) throw this.notFound();
    const resourceId = toObjectId(id);
    return this.commit(context, async (transaction) => {
      const { session } = transaction;
      if ((await this.store.findById(organisation, resourceId, session)) !== null) {
        throw new Conflict('id_conflict', 'The resource exists; there is nothing to restore');
      }
      const { name } = this.store.kind;
      const [last, existing] = [
        await this.revisions.latest(organisation, name, resourceId, { session }),
        await this.revisions.latest(organisation, name, resourceId, { existing: true, session }),
      ];
      const content = contentOf(existing);
      if (last === null || content === null) throw this.notFound();
      transaction.changes.operationName = 'restore';
      return this.insertIn(transaction, this.parse(content), resourceId, last.number + 1);
    });
  }

  /** Everything that a write would check, and nothing written. @param id the resource that it would replace, if any */
  async tryOut(context: ChangeContext, body: unknown, id?: string): Promise<readonly Change[]> {
    const content = this.parse(body);
    const { changes } = await this.rehearse(context, async (transaction) => {
      if (id === undefined) return this.insertNew(transaction, content);
      return this.replaceIn(transaction, await this.require(context.organisation, id, transaction.session), content);
    });
    return changes;
  }

  /**
   * Writes a new row under the id that its content asks for, or else a new one. An id that was deleted goes on counting
   * where it ended, so that no version and no entity tag ever stands for two contents.
   */
  protected async insertNew(transaction: ResourceTransaction, content: JsonObject): Promise<Row> {
    const id = this.sentId(content);
    if (id === null) return this.insertIn(transaction, content, newObjectId());
    const { organisation, session } = transaction;
    const last = await this.revisions.lastNumbers(organisation, this.store.kind.name, [id], session);
    return this.insertIn(transaction, content, id, (last.get(id.toString()) ?? 0) + 1);
  }

  /** Writes a new row in a transaction that may hold more. */
  async insertIn(transaction: ResourceTransaction, content: JsonObject, id: Types.ObjectId, version = 1): Promise<Row> {
    const draft = await this.draft(transaction, content, id, null);
    await this.guard(transaction, draft, null);
    return this.settle(transaction, null, draft, version);
  }

  /** Replaces a row in a transaction that may hold more; the same content changes nothing. */
  async replaceIn(transaction: ResourceTransaction, current: Row, content: JsonObject): Promise<Row> {
    const draft = await this.draft(transaction, content, current._id, current);
    await this.guard(transaction, draft, current);
    return this.settle(transaction, current, draft);
  }

  /** Writes a row that was drafted and checked before, in the place of another one or as a new one. */
  async settle(transaction: ResourceTransaction, current: Row | null, draft: Draft<Row>, version = 1): Promise<Row> {
    const row =
      current === null
        ? await this.store.insert(transaction.changes, draft, version)
        : await this.store.replace(transaction.changes, current, draft);
    if (row !== current) await this.followUp(transaction, current, row);
    return row;
  }

  /** Removes a row in a transaction that may hold more. */
  async removeIn(transaction: ResourceTransaction, current: Row, { force }: RemovalOptions): Promise<void> {
    const users = force ? [] : await this.users(transaction, current);
    if (users.length > 0) {
      throw new Conflict('in_use', 'It is still in use; delete with force=true to remove it all the same', {
        errors: users,
      });
    }
    await this.store.remove(transaction.changes, current);
    await this.followUp(transaction, current, null);
  }

  /** The row id that a new content asks for; a kind that honours ids that are sent overrides this. */
  protected sentId(_content: JsonObject): Types.ObjectId | null {
    return null;
  }

  /** Turns what a unique index said into a conflict that names what is in the way. */
  explain(error: unknown, organisation: OrganisationId): Promise<unknown> {
    return error instanceof DuplicateKey ? this.conflict(error, organisation) : Promise.resolve(error);
  }

  /** Runs work to see what it would change, and takes everything back; a refusal names what is in the way. */
  async rehearse<T>(
    context: ChangeContext,
    work: (transaction: ResourceTransaction) => Promise<T>,
  ): Promise<{ value: T; changes: readonly Change[] }> {
    try {
      return await this.writer.rehearse(context, work);
    } catch (error) {
      throw await this.explain(error, context.organisation);
    }
  }

  /** Commits work on behalf of an organisation; a refusal by a unique index names what is in the way. */
  async commit<T>(context: ChangeContext, work: (transaction: ResourceTransaction) => Promise<T>): Promise<T> {
    try {
      return await this.writer.commit(context, work);
    } catch (error) {
      throw await this.explain(error, context.organisation);
    }
  }
}

const contentOf = (revision: RevisionRow | null): JsonObject | null => {
  if (revision?.document == null) return null;
  const content = parseJson(revision.document);
  return isJsonObject(content) ? content : null;
};
