import { Inject, Injectable } from '@nestjs/common';
import { mongo } from 'mongoose';
import { canonicalAddress } from '@castellan/analytics';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { NotFound, ValidationFailed } from '@castellan/dto';
import { isObjectIdText, OrganisationStore, type OrganisationId, type Span } from '@castellan/persistence';
import type { SpanContext } from '../../http/request-context';
import { KeyNames } from '../key-names';
import { AnalyticsCollections } from '../storage/collections';
import { common, inTime, type TimeSpan } from '../storage/in-time';
import { logMessage, logRecord, type LogDetailDto, type LogListDto, type StoredRecord } from './log.dto';
import type { LogAsked } from './log.query';
import { Stretches } from './log-stretches';
import { longestReadMs, ReadingTime, withinTime } from './reading-limits';
import { AnalyticsRights, type Scope } from './rights';

/** Pages that can be asked for by number; who wants more goes on by cursor. */
const mostPages = 1_000;
/** Pages that are counted beyond the one that is asked for. */
const pagesAhead = 100;
/** Rows of a log that are read at a time when everything is asked for. */
const everything = 1_000;

/** The newest first; of one instant by id, so that none is left out or comes twice. */
const order = { timestamp: -1, _id: -1 } as const;
const withoutMessages = { rawrequest: 0, rawresponse: 0 } as const;

/** Requests one by one. */
@Injectable()
export class LogService {
  constructor(
    private readonly collections: AnalyticsCollections,
    private readonly rights: AnalyticsRights,
    private readonly organisations: OrganisationStore,
    private readonly keyNames: KeyNames,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {}

  /** @throws ValidationFailed */
  async list(context: SpanContext, query: LogAsked): Promise<LogListDto> {
    const { pageSize } = this.config;
    const after = query.cursor === undefined ? null : positionOf(query.cursor);
    this.refuseUnknowable(query);
    const scope = await this.rights.seen(context);
    const places = await this.places(context.organisation);
    const time = new ReadingTime();
    const searches = places.map((place) => ({ ...searchOf(place, query, scope, after), time }));
    const size = query.p === null ? everything : pageSize;
    const skip = after === null && query.p !== null ? (query.p - 1) * pageSize : 0;
    return withinTime(async () => {
      const found = skip < mostPages * pageSize ? await newestOf(searches, skip, size + 1) : [];
      const shown = found.slice(0, size);
      const last = shown.at(-1);
      return {
        data: shown.map((record) => logRecord(this.keyNames.ofDocument(record))),
        pages: after === null ? await this.pages(searches, query.p, found.length) : 0,
        next: found.length > size && last !== undefined ? `${last.timestamp.getTime()}-${last._id.toString()}` : null,
      };
    });
  }

  /**
   * A reply and, when everything is asked for, all that follows, piece by piece. Each piece is found by where the one before
   * it ended, so that nothing is held open, and nothing kept, for somebody who reads slowly.
   */
  async *from(first: LogListDto, context: SpanContext, query: LogAsked): AsyncGenerator<LogListDto> {
    yield first;
    let { next } = first;
    while (query.p === null && next !== null) {
      const following: LogListDto = await this.list(context, { ...query, cursor: next });
      yield following;
      ({ next } = following);
    }
  }

  /** @throws NotFound */
  async get(context: SpanContext, id: string): Promise<LogDetailDto> {
    const scope = await this.rights.seen(context);
    let document: StoredRecord | null = null;
    for (const { collection, organisations } of isObjectIdText(id) ? await this.places(context.organisation) : []) {
      document ??= await collection.findOne({
        ...{ _id: new mongo.ObjectId(id), orgid: anyOf(organisations) },
        ...within(scope),
      });
    }
    if (document === null) throw new NotFound('Log record not found');
    return Object.assign(logRecord(this.keyNames.ofDocument(document)), {
      request: logMessage(document.rawrequest, document.cut?.rawrequest),
      response: logMessage(document.rawresponse, document.cut?.rawresponse),
    });
  }

  /** @param found how many there are on the page that is asked for, and one more where it is not the last */
  private async pages(searches: readonly LogSearch[], asked: number | null, found: number): Promise<number> {
    const { pageSize } = this.config;
    if (asked === null) return 1;
    if (asked === 1 && found <= pageSize) return Math.sign(found);
    const most = Math.min(asked + pagesAhead, mostPages) * pageSize;
    let count = 0;
    for (const search of searches) {
      const stretches = new Stretches(search, search.time);
      for (let next = stretches.next; next !== null && count < most; next = stretches.next) {
        const found = await countIn(search.collection, search.filter(next), most - count);
        count += found;
        stretches.goOn(found, most - count);
      }
    }
    return Math.ceil(count / pageSize);
  }

  /** @throws ValidationFailed where records have tokens, which nothing that a key is called by leads back to */
  private refuseUnknowable({ key }: LogAsked): void {
    if (key === undefined || !this.keyNames.mayBeTokens || !this.collections.purgedElsewhere) return;
    const message = 'cannot be asked for where tyk-pump stores what gateways record that do not hash keys';
    throw new ValidationFailed([{ path: 'key', message }]);
  }

  /** Where the records of a span are: collection by collection, and for which time. */
  private async places(span: Span): Promise<readonly Place[]> {
    const places = new Map<string, Place>();
    for (const organisation of await this.organisations.idsOf(span)) {
      for (const { collection: records, ...time } of await this.collections.recordsToRead(organisation)) {
        // MongoDB gives each document its `_id`.
        const collection = records as unknown as mongo.Collection<StoredRecord>;
        const name = [collection.collectionName, time.from.getTime(), time.until.getTime()].join(' ');
        const { organisations = [] } = places.get(name) ?? {};
        places.set(name, { collection, organisations: [...organisations, organisation], ...time });
      }
    }
    return [...places.values()];
  }
}

/** A collection, whose records are asked for of those in it, and of which time. */
interface Place extends TimeSpan {
  readonly collection: mongo.Collection<StoredRecord>;
  readonly organisations: readonly OrganisationId[];
}

/** One by its value: an index that begins with it needs no sorting then. */
const anyOf = (organisations: readonly OrganisationId[]): string | { readonly $in: string[] } => {
  const [only] = organisations;
  return only !== undefined && organisations.length === 1 ? only : { $in: [...organisations] };
};

/** Where a page ended. */
interface Position {
  readonly timestamp: Date;
  readonly id: mongo.ObjectId;
}

/** The last instant that a date can be. */
const lastMillis = 8_640_000_000_000_000;

const positionOf = (cursor: string): Position => {
  const [millis = '', id = ''] = cursor.split('-');
  return { timestamp: new Date(Math.min(Number(millis), lastMillis)), id: new mongo.ObjectId(id) };
};

/** Requests of these APIs alone. */
const within = (scope: Scope): mongo.Filter<StoredRecord> => (scope === null ? {} : { apiid: { $in: [...scope] } });

/** What is searched for, in which time and where. */
interface LogSearch extends TimeSpan {
  /** What is left of the time that the question may take. */
  readonly time: ReadingTime;
  readonly collection: Place['collection'];
  readonly filter: (time: TimeSpan) => mongo.Filter<StoredRecord>;
  /** Requests of the instant at which the page before ended, which come first. */
  readonly rest: mongo.Filter<StoredRecord> | null;
}

/** Values go under operators that we name, and are texts and numbers by then: none is ever an operator itself. */
const searchOf = (
  { collection, organisations, ...time }: Place,
  query: LogAsked,
  scope: Scope,
  after: Position | null,
): Omit<LogSearch, 'time'> => {
  const { start, end, api, key, path, method, status, ip, tag, alias, tags, api_version: version } = query;
  if (start > end) throw new ValidationFailed([{ path: 'start', message: 'must not be after end' }]);
  const conditions = {
    apiid: { ...(scope === null ? {} : { $in: [...scope] }), ...is(api) },
    responsecode: { ...(query.errors ? { $gte: 400 } : {}), ...is(status) },
    apiversion: is(version),
    apikey: is(key),
    path: path === undefined ? {} : { $gte: path, $lt: `${path}\uffff` },
    method: is(method?.toUpperCase()),
    ipaddress: is(ip === undefined ? undefined : canonicalAddress(ip)),
    alias: is(alias),
    tags: { ...(tag === undefined ? {} : { $all: [tag] }), ...(tags.length === 0 ? {} : { $in: [...tags] }) },
  };
  const asked = Object.entries(conditions).filter(([, condition]) => Object.keys(condition).length > 0);
  // The time comes first: a database that follows one condition alone follows that one.
  const filter = ({ from, until }: TimeSpan): mongo.Filter<StoredRecord> => ({
    timestamp: inTime(from, until),
    orgid: anyOf(organisations),
    ...Object.fromEntries(asked),
  });
  const { from, until } = common({ from: new Date(start * 1_000), until: new Date((end + 1) * 1_000) }, time);
  // Nothing before the position is read: an index is entered where the page before ended.
  if (after === null || after.timestamp >= until) return { collection, from, until, filter, rest: null };
  const { timestamp, id } = after;
  const instant = { from: timestamp, until: new Date(timestamp.getTime() + 1) };
  const rest = timestamp < from ? null : { ...filter(instant), _id: { $lt: id } };
  return { collection, from, until: timestamp, filter, rest };
};

const is = <T>(value: T | undefined): { readonly $eq?: T } => (value === undefined ? {} : { $eq: value });

/** Reads ids, which an index of MongoDB has: other servers take three times as long to count what they find. */
const countIn = async (
  collection: mongo.Collection<StoredRecord>,
  filter: mongo.Filter<StoredRecord>,
  limit: number,
): Promise<number> => {
  const options = { projection: { _id: 1 }, limit, batchSize: limit, maxTimeMS: longestReadMs };
  return (await collection.find(filter, options).toArray()).length;
};

const readFrom = (
  collection: mongo.Collection<StoredRecord>,
  filter: mongo.Filter<StoredRecord>,
  skip: number,
  limit: number,
): Promise<readonly StoredRecord[]> =>
  collection
    .find(filter, { projection: withoutMessages, maxTimeMS: longestReadMs })
    .sort(order)
    .skip(skip)
    .limit(limit)
    .toArray();

/** @param skip how many of the newest are left out; these are counted, and not read */
const newest = async (search: LogSearch, skip: number, limit: number): Promise<readonly StoredRecord[]> => {
  const { collection, rest, filter } = search;
  const found = rest === null ? [] : [...(await readFrom(collection, rest, 0, limit))];
  const stretches = new Stretches(search, search.time);
  let left = skip;
  for (let next = stretches.next; next !== null && found.length < limit; next = stretches.next) {
    const here = filter(next);
    // One more than is to be left out: then there is something to be read.
    const count = left === 0 ? 0 : await countIn(collection, here, left + 1);
    const read = count < left ? [] : await readFrom(collection, here, left, limit - found.length);
    found.push(...read);
    left = Math.max(left - count, 0);
    stretches.goOn(Math.max(count, read.length), left + limit - found.length);
  }
  return found;
};

/** The newest of all places. Of several only all that comes before a page tells what is on it. */
const newestOf = async (
  searches: readonly LogSearch[],
  skip: number,
  limit: number,
): Promise<readonly StoredRecord[]> => {
  const [only] = searches;
  if (only !== undefined && searches.length === 1) return newest(only, skip, limit);
  const found: StoredRecord[] = [];
  for (const search of searches) found.push(...(await newest(search, 0, skip + limit)));
  return found.toSorted(newestFirst).slice(skip, skip + limit);
};

const newestFirst = (a: StoredRecord, b: StoredRecord): number =>
  b.timestamp.getTime() - a.timestamp.getTime() || (a._id.toHexString() < b._id.toHexString() ? 1 : -1);
