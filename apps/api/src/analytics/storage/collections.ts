import { Inject, Injectable } from '@nestjs/common';
import { InjectConnection } from '@nestjs/mongoose';
import type { Connection, mongo } from 'mongoose';
import type { FoundAggregate, RecordDocument, RollupKind, UptimeDocument } from '@castellan/analytics';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { Clock, LOGGER, type Logger } from '@castellan/observability';
import type { EarlierRow, EarlierSegment } from './earlier-forms';
import type { TimeSpan } from './in-time';
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
  /** Whose it is and of whom, as far as that could be read. */
  readonly orgid?: string;
  readonly apikey?: string;
  readonly alias?: string;
  readonly ipaddress?: string;
}

/** The records of an organisation that are in one collection: those of a time, whose end is not included. */
export interface RecordsPlace extends TimeSpan {
  readonly collection: mongo.Collection<RecordDocument>;
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

/** How long it is remembered where the records of an organisation are, in milliseconds. */
const rememberedMs = 60_000;
const mostRemembered = 10_000;
/** Times that records say and that are further ahead than this, in milliseconds, are those of a clock that is wrong. */
const aheadMs = 3_600_000;

const [beginningOfTime, endOfTime] = [new Date('0001-01-01T00:00:00Z'), new Date('9999-12-31T23:59:59.999Z')];

const organisationId = /^[0-9a-f]{24}$/;
const ofRecords = /^(tyk_analytics|tyk_uptime_analytics|z_tyk_analyticz_[0-9a-f]{24})$/;

/** When the first and the last of some records were made. */
interface RecordsTime {
  readonly first: Date;
  readonly last: Date;
}

type PlacedRecords = readonly [collection: mongo.Collection<RecordDocument>, time: RecordsTime];

/** What is before the first and after the last of the shared ones is taken from those apart. */
const placesBetween = ([shared, time]: PlacedRecords, [apart, ofApart]: PlacedRecords): readonly RecordsPlace[] => {
  const from = ofApart.first < time.first ? time.first : beginningOfTime;
  const until = ofApart.last > time.last ? new Date(time.last.getTime() + 1) : endOfTime;
  const places = [
    { collection: apart, from: beginningOfTime, until: from },
    { collection: shared, from, until },
    { collection: apart, from: until, until: endOfTime },
  ];
  return places.filter((place) => place.from < place.until);
};

/** The collections of analytics. They are made by whoever writes first, and nobody waits for it at the start. */
@Injectable()
export class AnalyticsCollections {
  private readonly made = new Map<string, Promise<void>>();
  /** Where the records of organisations are, and until when that is believed. */
  private readonly known = new Map<string, { readonly until: number; readonly places: readonly RecordsPlace[] }>();

  constructor(
    @InjectConnection() private readonly connection: Connection,
    private readonly clock: Clock,
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

  /** The collections that there are of records of requests and of upstreams. */
  async thatExpire(): Promise<readonly mongo.Collection[]> {
    const found = await this.db.listCollections({}, { nameOnly: true }).toArray();
    return found.flatMap(({ name }) => (ofRecords.test(name) ? [this.db.collection(name)] : []));
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

  /** Both collections that records of an organisation may be in, whoever has stored them. */
  everyRecords(
    orgId: string,
  ): readonly [shared: mongo.Collection<RecordDocument>, apart: mongo.Collection<RecordDocument>] {
    return [this.db.collection('tyk_analytics'), this.db.collection(`z_tyk_analyticz_${orgId}`)];
  }

  /**
   * Where to look for an organisation's records, the earliest first: a pump may be set up for either collection or for both, or
   * settings have changed. The times do not overlap, since a pump for both puts each record into both.
   */
  async recordsToRead(orgId: string): Promise<readonly RecordsPlace[]> {
    const known = this.known.get(orgId);
    if (known !== undefined && performance.now() < known.until) return known.places;
    const [shared, apart] = this.everyRecords(orgId);
    const { collectionName: name } = apart;
    const isApart = (await this.db.listCollections({ name }, { nameOnly: true }).toArray()).length > 0;
    const ofShared = isApart ? await this.timeOf(shared, orgId) : null;
    const ofApart = ofShared === null ? null : await this.timeOf(apart, orgId);
    if (ofShared !== null && ofApart !== null) {
      // A server that collects all that it finds before it gives one takes seconds for this, so it is not asked each time.
      return this.remember(orgId, placesBetween([shared, ofShared], [apart, ofApart]));
    }
    const collection = isApart && ofShared === null ? apart : shared;
    const places = [{ collection, from: beginningOfTime, until: endOfTime }];
    // Others may begin with another place at any moment; of ourselves we know where we store them.
    const isOurs = !this.purgedElsewhere && collection.collectionName === this.records(orgId).collectionName;
    if (isOurs) return this.remember(orgId, places);
    this.known.delete(orgId);
    return places;
  }

  private remember(orgId: string, places: readonly RecordsPlace[]): readonly RecordsPlace[] {
    if (this.known.size >= mostRemembered) this.known.clear();
    this.known.set(orgId, { until: performance.now() + rememberedMs, places });
    return places;
  }

  /** When the first and the last of these records were made; null when there is none. */
  private async timeOf(collection: mongo.Collection<RecordDocument>, orgid: string): Promise<RecordsTime | null> {
    const theirs = { timestamp: { $lt: new Date(this.clock.millis() + aheadMs) }, orgid };
    const edge = (order: 1 | -1) =>
      collection.find(theirs, { projection: { _id: 0, timestamp: 1 }, sort: { timestamp: order }, limit: 1 }).toArray();
    const [[first], [last]] = [await edge(1), await edge(-1)];
    return first === undefined || last === undefined ? null : { first: first.timestamp, last: last.timestamp };
  }

  /** Deletes everything that is stored of an organisation, whichever program has stored it. */
  async forget(orgId: string): Promise<void> {
    this.known.delete(orgId);
    // What is still to be merged goes first: a transaction that moves some of it is waited for, and none begins after it.
    for (const from of [this.earlierSegments, this.segments, this.earlierRows, this.sums]) {
      await from.deleteMany({ orgId });
    }
    await this.uptime.deleteMany({ orgid: orgId });
    await this.deadLetters.deleteMany({ orgid: orgId });
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
      this.ensure('analytics_dead_letters', [expiry, ofOrganisation]),
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
