import { Inject, Injectable } from '@nestjs/common';
import { InjectConnection } from '@nestjs/mongoose';
import type { Connection, mongo } from 'mongoose';
import type { FoundAggregate, RecordDocument, RollupKind, UptimeDocument } from '@castellan/analytics';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { LOGGER, type Logger } from '@castellan/observability';
import type { EarlierRow, EarlierSegment } from './earlier-forms';
import type { SumsDocument } from './sums-document';

/** No transaction may write into such a one, and nothing expires there: records wait in Redis until it is another one. */
class CappedCollection extends Error {
  /** @param collection stands in the name, which is what the report on readiness says of a problem */
  constructor(collection: string) {
    super(`${collection} is a capped collection; records cannot be stored until it is converted to one that is not`);
    this.name = `${collection} is a capped collection`;
  }
}

/** A record that could not be read, as it came. */
export interface DeadLetterDocument {
  readonly list: string;
  readonly bytes: mongo.Binary;
  /** Length of what came; `bytes` may have less. */
  readonly size: number;
  readonly reason: string;
  readonly at: Date;
  readonly expireAt: Date;
}

/** How far a batch has been stored. */
export interface BatchDocument {
  /** Name of the batch in Redis. */
  readonly _id: string;
  readonly done: number;
  readonly total: number;
  /** Set once it is done; until then whoever still has the batch in hand finds out here that it is. */
  readonly expireAt?: Date;
}

/** Rows of a chunk of records that are not merged into the rollups yet. */
export interface SegmentDocument {
  readonly _id: mongo.ObjectId;
  readonly orgId: string;
  /** Beginning of its first bucket, and of its last one. */
  readonly first: Date;
  readonly last: Date;
  /** Kinds of its rows, so that a query need not open what it does not ask for. */
  readonly kinds: readonly RollupKind[];
  /** See `packRows`. */
  readonly rows: mongo.Binary;
  readonly callers: mongo.Binary;
}

type Index = { readonly name: string; readonly key: Readonly<Record<string, 1 | -1>> } & Pick<
  mongo.IndexDescription,
  'expireAfterSeconds'
>;

const expiry: Index = { key: { expireAt: 1 }, name: 'expireAt_1', expireAfterSeconds: 0 };
const ofApi: Index = { key: { apiid: 1 }, name: 'apiid_1' };
// Ours: pages of logs in the order of time, at any depth. What the answers were comes last, so that requests which failed are
// told from the others without reading these: for them alone there is no second index, which each record would pay for.
const ofLog: Index = { key: { orgid: 1, timestamp: -1, _id: -1, responsecode: -1 }, name: 'castellanRequests' };
/** Indexes of earlier versions that this one takes the place of. */
const superseded: readonly string[] = ['castellanLog', 'castellanErrors'];
const ofOrganisation: Index = { key: { orgid: 1 }, name: 'orgid_1' };

const logBrowser: Index = {
  key: { timestamp: -1, orgid: 1, apiid: 1, apikey: 1, responsecode: 1 },
  name: 'logBrowserIndex',
};

/** The indexes that tyk-pump makes, so that tools which read a Tyk Dashboard's database find what they know. */
const pumpIndexes: readonly Index[] = [ofOrganisation, ofApi, logBrowser, expiry];
const sharedIndexes: readonly Index[] = [...pumpIndexes, ofLog];
const organisationIndexes: readonly Index[] = [
  ofLog,
  ofApi,
  expiry,
  { key: { timestamp: -1, apiid: 1, apikey: 1, responsecode: 1 }, name: 'logBrowserIndex' },
];
const sumsIndexes: readonly Index[] = [{ key: { orgId: 1, kind: 1, unit: 1, at: 1 }, name: 'range' }, expiry];

const aggregateIndexes: readonly Index[] = [expiry, { key: { timestamp: 1 }, name: 'timestamp_1' }, ofOrganisation];

/** How long it is remembered that an organisation has records in the shared collection, in milliseconds. */
const rememberedMs = 60_000;

const organisationId = /^[0-9a-f]{24}$/;

/** The collections of analytics. They are made by whoever writes first, and nobody waits for it at the start. */
@Injectable()
export class AnalyticsCollections {
  private readonly made = new Map<string, Promise<void>>();
  /** Organisations that are known to have records in the shared collection, and until when that is believed. */
  private readonly sharedUntil = new Map<string, number>();

  constructor(
    @InjectConnection() private readonly connection: Connection,
    @Inject(CONFIG) private readonly config: ApiConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  get sums(): mongo.Collection<SumsDocument> {
    return this.db.collection('analytics_sums');
  }

  get segments(): mongo.Collection<SegmentDocument> {
    return this.db.collection('analytics_pending');
  }

  /** Where sums were that an earlier version has stored. */
  get earlierRows(): mongo.Collection<EarlierRow> {
    return this.db.collection('analytics_rollups');
  }

  get earlierSegments(): mongo.Collection<EarlierSegment> {
    return this.db.collection('analytics_segments');
  }

  get batches(): mongo.Collection<BatchDocument> {
    return this.db.collection('analytics_batches');
  }

  get deadLetters(): mongo.Collection<DeadLetterDocument> {
    return this.db.collection('analytics_dead_letters');
  }

  get uptime(): mongo.Collection<UptimeDocument> {
    return this.db.collection('tyk_uptime_analytics');
  }

  /** Where the records of an organisation are. What names no organisation stays in the shared collection. */
  records(orgId: string): mongo.Collection<RecordDocument> {
    const isOwn = this.config.analyticsRecords === 'organisation' && organisationId.test(orgId);
    return this.db.collection(isOwn ? `z_tyk_analyticz_${orgId}` : 'tyk_analytics');
  }

  /** Where tyk-pump puts its aggregates of an organisation: apart, and where it is told so together with all others. */
  aggregates(orgId: string): {
    readonly own: mongo.Collection<FoundAggregate>;
    readonly mixed: mongo.Collection<FoundAggregate>;
  } {
    return {
      own: this.db.collection(`z_tyk_analyticz_aggregate_${orgId}`),
      mixed: this.db.collection('tyk_analytics_aggregates'),
    };
  }

  /** Where aggregates of an organisation are to be written; nowhere unless it is set so. */
  async aggregatesToWrite(orgId: string): Promise<readonly mongo.Collection<FoundAggregate>[]> {
    const { analyticsAggregates: wanted } = this.config;
    if (wanted === 'none' || !organisationId.test(orgId)) return [];
    const { own, mixed } = this.aggregates(orgId);
    const all = wanted === 'mixed' ? [own, mixed] : [own];
    await Promise.all(all.map(({ collectionName }) => this.ensure(collectionName, aggregateIndexes)));
    return all;
  }

  /** Whether this replica leaves the work to others, which may be tyk-pump. */
  get purgedElsewhere(): boolean {
    return this.config.analyticsPurger === 'off';
  }

  /** Where to look for an organisation's records: a pump may be set up for either place, or settings have changed. */
  async recordsToRead(orgId: string): Promise<readonly mongo.Collection<RecordDocument>[]> {
    const own = this.records(orgId);
    if (!this.purgedElsewhere) return [own];
    const shared = this.db.collection<RecordDocument>('tyk_analytics');
    const apart = this.db.collection<RecordDocument>(`z_tyk_analyticz_${orgId}`);
    // A pump for both places puts each record into both.
    return (await this.isShared(orgId, shared, apart)) ? [shared] : [apart];
  }

  /**
   * Whether the shared collection is the one. A server that collects all that it finds before it gives one takes seconds to
   * say that there is some, so that is asked only where the names of collections leave it open, and not for each question.
   */
  private async isShared(
    orgId: string,
    shared: mongo.Collection<RecordDocument>,
    { collectionName }: mongo.Collection<RecordDocument>,
  ): Promise<boolean> {
    const known = this.sharedUntil.get(orgId);
    if (known !== undefined && performance.now() < known) return true;
    const isApart = (await this.db.listCollections({ name: collectionName }, { nameOnly: true }).toArray()).length > 0;
    const isShared = !isApart || (await shared.findOne({ orgid: orgId }, { projection: { _id: 1 } })) !== null;
    // The names are asked for again each time: a pump that begins to keep them apart is seen at once.
    if (isApart && isShared) this.sharedUntil.set(orgId, performance.now() + rememberedMs);
    else this.sharedUntil.delete(orgId);
    return isShared;
  }

  /** Deletes everything that is stored of an organisation, whichever program has stored it. */
  async forget(orgId: string): Promise<void> {
    this.sharedUntil.delete(orgId);
    // What is still to be merged goes first: a transaction that moves some of it is waited for, and none begins after it.
    for (const from of [this.earlierSegments, this.segments, this.earlierRows, this.sums]) {
      await from.deleteMany({ orgId });
    }
    await this.uptime.deleteMany({ orgid: orgId });
    for (const name of ['tyk_analytics', 'tyk_analytics_aggregates'])
      await this.db.collection(name).deleteMany({ orgid: orgId });
    for (const prefix of ['z_tyk_analyticz_', 'z_tyk_analyticz_aggregate_']) {
      const name = `${prefix}${orgId}`;
      this.made.delete(name);
      if ((await this.db.listCollections({ name }).toArray()).length > 0) await this.db.dropCollection(name);
    }
  }

  /** All of it or nothing. Not tried again here: whoever asks finds out what became of it, whatever the error was. */
  async inTransaction(work: (session: mongo.ClientSession) => Promise<void>): Promise<void> {
    const session = await this.connection.startSession();
    try {
      session.startTransaction({ writeConcern: { w: 'majority', journal: true } });
      await work(session);
      await session.commitTransaction();
    } finally {
      // Ends a transaction that failed, too.
      await session.endSession();
    }
  }

  /** Makes everything that storing records of these organisations needs, as transactions cannot. */
  async prepare(orgIds: Iterable<string>): Promise<void> {
    await Promise.all([
      this.ensure('analytics_sums', sumsIndexes),
      this.ensure('analytics_pending', [{ key: { orgId: 1 }, name: 'orgId_1' }]),
      this.ensure('analytics_batches', [expiry]),
      this.ensure('analytics_dead_letters', [expiry]),
      this.ensure('tyk_uptime_analytics', sharedIndexes),
      ...[...orgIds].map((orgId) => {
        const { collectionName } = this.records(orgId);
        return this.ensure(collectionName, collectionName === 'tyk_analytics' ? sharedIndexes : organisationIndexes);
      }),
    ]);
  }

  private get db(): mongo.Db {
    const { db } = this.connection;
    if (db === undefined) throw new Error('Not connected to MongoDB');
    return db;
  }

  private ensure(name: string, indexes: readonly Index[]): Promise<void> {
    const under = this.made.get(name);
    if (under !== undefined) return under;
    const making = this.make(name, indexes);
    this.made.set(name, making);
    // What failed is tried again by whoever needs it next.
    making.catch(() => this.made.delete(name));
    return making;
  }

  private async make(name: string, indexes: readonly Index[]): Promise<void> {
    const [found] = await this.db.listCollections({ name }, { nameOnly: false }).toArray();
    if (found === undefined) {
      await this.create(name);
      await this.index(name, indexes);
      return;
    }
    if (isCapped(found)) throw new CappedCollection(name);
    // Of millions of documents it takes minutes; what comes in meanwhile is stored, and found with what indexes there are.
    void this.indexLater(name, indexes);
  }

  private async indexLater(name: string, indexes: readonly Index[]): Promise<void> {
    try {
      await this.index(name, indexes);
    } catch (error) {
      this.logger.warn({ err: error, collection: name }, 'Indexes could not be built and will be tried again');
      this.made.delete(name);
    }
  }

  /** Only what is missing: making what exists would wait for transactions that a dead process left open. */
  private async index(name: string, indexes: readonly Index[]): Promise<void> {
    const known = new Set(Object.keys(await this.db.collection(name).indexInformation()));
    for (const index of indexes) {
      if (known.has(index.name)) continue;
      const began = performance.now();
      this.logger.info({ collection: name, index: index.name }, 'An index is being built');
      try {
        await this.db.collection(name).createIndexes([{ ...index, key: { ...index.key } }]);
        const ms = Math.round(performance.now() - began);
        this.logger.info({ collection: name, index: index.name, ms }, 'The index is built');
      } catch (error) {
        if (!isConflict(error)) throw error;
        this.logger.warn({ err: error, collection: name }, 'There is another index in place of ours');
      }
    }
    for (const index of superseded) {
      if (known.has(index)) await this.db.collection(name).dropIndex(index);
    }
  }

  private async create(name: string): Promise<void> {
    try {
      await this.db.createCollection(name);
    } catch (error) {
      // Another replica was faster.
      if (codeOf(error) !== 48) throw error;
    }
  }
}

const codeOf = (error: unknown): unknown =>
  typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;

/** IndexOptionsConflict and IndexKeySpecsConflict. */
const isConflict = (error: unknown): boolean => [85, 86].includes(Number(codeOf(error)));

const isCapped = (found: object): boolean => {
  const options: unknown = 'options' in found ? found.options : undefined;
  return typeof options === 'object' && options !== null && 'capped' in options && options.capped === true;
};
