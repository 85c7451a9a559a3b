import { Injectable } from '@nestjs/common';
import { InjectConnection, InjectModel } from '@nestjs/mongoose';
import type { ClientSession, Connection, Model } from 'mongoose';
import { modelNames } from '../models';
import type { AuditRow, OutboxRow, RevisionRow } from './rows';

/** What is written beside the resources of a change. */
export interface Records {
  readonly revisions: readonly RevisionRow[];
  readonly audit: AuditRow | null;
  readonly outbox: OutboxRow | null;
}

/** MongoDB 8.0 and whatever speaks like it: the first that takes writes to several collections in one command. */
const bulkWriteWireVersion = 25;

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
  ) {}

  /** Asks the server once what it can, so that no transaction has to. */
  async writesAtOnce(): Promise<boolean> {
    this.atOnce ??= (await this.wireVersion()) >= bulkWriteWireVersion;
    return this.atOnce;
  }

  async write({ revisions, audit, outbox }: Records, session: ClientSession): Promise<void> {
    const writes = [
      { model: this.revisions, rows: revisions },
      { model: this.audit, rows: audit === null ? [] : [audit] },
      { model: this.outbox, rows: outbox === null ? [] : [outbox] },
    ].filter(({ rows }) => rows.length > 0);
    const many = writes.filter(({ rows }) => rows.length > manyRows);
    const few = writes.filter((write) => !many.includes(write));
    const isAtOnce = few.length > 1 && (await this.writesAtOnce());
    if (isAtOnce) {
      const models = few.flatMap(({ model, rows }) =>
        rows.map((row) => ({
          name: 'insertOne' as const,
          namespace: `${this.connection.name}.${model.collection.collectionName}`,
          document: { ...row },
        })),
      );
      await this.connection.getClient().bulkWrite(models, { session });
    }
    for (const { model, rows } of isAtOnce ? many : writes) {
      // Rows are written as they stand; casting them would only cost time.
      await model.collection.insertMany(
        rows.map((row) => ({ ...row })),
        { session },
      );
    }
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
