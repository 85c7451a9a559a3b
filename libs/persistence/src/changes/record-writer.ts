import { Injectable } from '@nestjs/common';
import { InjectConnection, InjectModel } from '@nestjs/mongoose';
import { mongo, type ClientSession, type Connection, type Model, type Types } from 'mongoose';
import type { ChoreRow } from '../keys/chores';
import { modelNames } from '../models';
import type { AuditRow, OutboxRow, RevisionRow } from './rows';

/** What is written beside the resources of a change. */
export interface Records {
  readonly revisions: readonly RevisionRow[];
  readonly audit: AuditRow | null;
  readonly outbox: OutboxRow | null;
  /** What takes the place of what was to be done before. */
  readonly chores: readonly ChoreRow[];
}

/** A row of whatever collection. */
interface AnyRow {
  readonly _id: Types.ObjectId | string;
  readonly [field: string]: unknown;
}

/** MongoDB 8.0 and whatever speaks like it: the first that takes writes to several collections in one command. */
export const bulkWriteWireVersion = 25;

/**
 * The driver wraps what the server has said in an error without the labels by which a transaction is tried again when another
 * writer was faster.
 */
const saidByServer = (error: unknown): unknown =>
  error instanceof mongo.MongoClientBulkWriteError && error.cause instanceof mongo.MongoServerError
    ? error.cause
    : error;

/**
 * Of more rows than this, a command of their collection alone takes less: one for several says with each row where it goes, and the
 * server looks that up each time.
 */
const manyRows = 50;

/** Writes the records of a change: in one command where the server can, otherwise one collection after the other. */
@Injectable()
export class RecordWriter {
  private atOnce: boolean | null = null;

  constructor(
    @InjectConnection() private readonly connection: Connection,
    @InjectModel(modelNames.revision) private readonly revisions: Model<RevisionRow>,
    @InjectModel(modelNames.audit) private readonly audit: Model<AuditRow>,
    @InjectModel(modelNames.outbox) private readonly outbox: Model<OutboxRow>,
    @InjectModel(modelNames.chore) private readonly chores: Model<ChoreRow>,
  ) {}

  /** Asks the server once what it can, so that no transaction has to. */
  async writesAtOnce(): Promise<boolean> {
    this.atOnce ??= (await this.wireVersion()) >= bulkWriteWireVersion;
    return this.atOnce;
  }

  async write({ revisions, audit, outbox, chores }: Records, session: ClientSession): Promise<void> {
    const writes = [
      { model: this.revisions, rows: revisions },
      { model: this.audit, rows: audit === null ? [] : [audit] },
      { model: this.outbox, rows: outbox === null ? [] : [outbox] },
    ].filter(({ rows }) => rows.length > 0);
    const many = writes.filter(({ rows }) => rows.length > manyRows);
    const few = writes.filter((write) => !many.includes(write));
    const replaced = chores.map(({ _id, ...replacement }) => ({ filter: { _id }, replacement, upsert: true }));
    const fewReplaced = replaced.length > manyRows ? [] : replaced;
    const isAtOnce = few.length + Math.min(1, fewReplaced.length) > 1 && (await this.writesAtOnce());
    if (isAtOnce) {
      const insertions = few.flatMap(({ model, rows }) =>
        rows.map((row) => ({ name: 'insertOne' as const, namespace: this.namespaceOf(model), document: { ...row } })),
      );
      const namespace = this.namespaceOf(this.chores);
      const replacements = fewReplaced.map((one) => ({ name: 'replaceOne' as const, namespace, ...one }));
      await this.connection
        .getClient()
        .bulkWrite<Record<string, AnyRow>>([...insertions, ...replacements], { session })
        .catch((error: unknown) => {
          throw saidByServer(error);
        });
    }
    for (const { model, rows } of isAtOnce ? many : writes) {
      // Rows are written as they stand; casting them would only cost time.
      await model.collection.insertMany(
        rows.map((row) => ({ ...row })),
        { session },
      );
    }
    if (replaced.length > 0 && !(isAtOnce && fewReplaced.length > 0)) {
      await this.connection.collection<AnyRow>(this.chores.collection.collectionName).bulkWrite(
        replaced.map((replaceOne) => ({ replaceOne })),
        { session },
      );
    }
  }

  private namespaceOf({ collection }: { readonly collection: { readonly collectionName: string } }): string {
    return `${this.connection.name}.${collection.collectionName}`;
  }

  /** How new the server is, as it says it itself; 0 when it does not. */
  async wireVersion(): Promise<number> {
    const reply: Readonly<Record<string, unknown>> | undefined = await this.connection.db
      ?.admin()
      .command({ hello: 1 });
    const version = reply?.['maxWireVersion'];
    return typeof version === 'number' ? version : 0;
  }
}
