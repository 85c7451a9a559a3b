import { Inject, Injectable } from '@nestjs/common';
import { mongo } from 'mongoose';
import { canonicalAddress } from '@castellan/analytics';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { NotFound, ValidationFailed } from '@castellan/dto';
import { isObjectIdText, type OrganisationId } from '@castellan/persistence';
import type { OrganisationContext } from '../../http/request-context';
import { AnalyticsCollections } from '../storage/collections';
import { inTime } from '../storage/in-time';
import { logMessage, logRecord, type LogDetailDto, type LogListDto, type StoredRecord } from './log.dto';
import type { LogAsked } from './log.query';
import { AnalyticsRights, type Scope } from './rights';

/** Pages that are counted; who wants more goes on by cursor. */
const mostPages = 1_000;
const longestReadMs = 10_000;
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
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {}

  /** @throws ValidationFailed */
  async list(context: OrganisationContext, query: LogAsked): Promise<LogListDto> {
    const { pageSize } = this.config;
    const { organisation } = context;
    const after = query.cursor === undefined ? null : positionOf(query.cursor);
    const search = searchOf(organisation, query, await this.rights.seen(context), after);
    const collection = await this.collection(organisation);
    const size = query.p === null ? everything : pageSize;
    const skip = after === null && query.p !== null ? Math.min(query.p - 1, mostPages) * pageSize : 0;
    const found = await (skip === 0 ? newest(collection, search, size + 1) : page(collection, search, skip, size + 1));
    const shown = found.slice(0, size);
    const last = shown.at(-1);
    const pages = after === null ? await this.pages(collection, search, query.p) : 0;
    return {
      data: shown.map(logRecord),
      pages,
      next: found.length > size && last !== undefined ? `${last.timestamp.getTime()}-${last._id.toString()}` : null,
    };
  }

  /**
   * A reply and, when everything is asked for, all that follows, piece by piece. Each piece is found by where the one before
   * it ended, so that nothing is held open, and nothing kept, for somebody who reads slowly.
   */
  async *from(first: LogListDto, context: OrganisationContext, query: LogAsked): AsyncGenerator<LogListDto> {
    yield first;
    let { next } = first;
    while (query.p === null && next !== null) {
      const following: LogListDto = await this.list(context, { ...query, cursor: next });
      yield following;
      ({ next } = following);
    }
  }

  /** @throws NotFound */
  async get(context: OrganisationContext, id: string): Promise<LogDetailDto> {
    const { organisation } = context;
    const scope = await this.rights.seen(context);
    const collection = await this.collection(organisation);
    const document = isObjectIdText(id)
      ? await collection.findOne({ _id: new mongo.ObjectId(id), orgid: organisation, ...within(scope) })
      : null;
    if (document === null) throw new NotFound('Log record not found');
    return Object.assign(logRecord(document), {
      request: logMessage(document.rawrequest, document.cut?.rawrequest),
      response: logMessage(document.rawresponse, document.cut?.rawresponse),
    });
  }

  private async pages(
    collection: mongo.Collection<StoredRecord>,
    search: LogSearch,
    asked: number | null,
  ): Promise<number> {
    if (asked === null) return 1;
    const { pageSize } = this.config;
    const most = mostPages * pageSize;
    let count = 0;
    for (const { from, until } of stretches(search)) {
      if (count >= most) break;
      const options = { limit: most - count, maxTimeMS: longestReadMs };
      count += await collection.countDocuments(search.filter(from, until), options);
    }
    return Math.ceil(count / pageSize);
  }

  private async collection(organisation: OrganisationId): Promise<mongo.Collection<StoredRecord>> {
    const [collection = this.collections.records(organisation)] = await this.collections.recordsToRead(organisation);
    // MongoDB gives each document its `_id`.
    return collection as unknown as mongo.Collection<StoredRecord>;
  }
}

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

/** What is searched for, in which time. */
interface LogSearch {
  readonly from: Date;
  readonly until: Date;
  readonly filter: (from: Date, until: Date) => mongo.Filter<StoredRecord>;
}

/** Values go under operators that we name, and are texts and numbers by then: none is ever an operator itself. */
const searchOf = (organisation: OrganisationId, query: LogAsked, scope: Scope, after: Position | null): LogSearch => {
  const { start, end, api, key, path, method, status, ip, tag, alias, tags, api_version: version } = query;
  if (start > end) throw new ValidationFailed([{ path: 'start', message: 'must not be after end' }]);
  const conditions: mongo.Filter<StoredRecord>[] = [
    ...(scope === null ? [] : [within(scope)]),
    ...(query.errors ? [{ responsecode: { $gte: 400 } }] : []),
    ...(status === undefined ? [] : [{ responsecode: { $eq: status } }]),
    ...(api === undefined ? [] : [{ apiid: { $eq: api } }]),
    ...(version === undefined ? [] : [{ apiversion: { $eq: version } }]),
    ...(key === undefined ? [] : [{ apikey: { $eq: key } }]),
    ...(path === undefined ? [] : [{ path: { $gte: path, $lt: `${path}\uffff` } }]),
    ...(method === undefined ? [] : [{ method: { $eq: method.toUpperCase() } }]),
    ...(ip === undefined ? [] : [{ ipaddress: { $eq: canonicalAddress(ip) } }]),
    ...(alias === undefined ? [] : [{ alias: { $eq: alias } }]),
    ...(tag === undefined ? [] : [{ tags: { $in: [tag] } }]),
    ...(tags.length === 0 ? [] : [{ tags: { $in: [...tags] } }]),
    ...(after === null ? [] : [{ $or: [{ timestamp: { $lt: after.timestamp } }, { _id: { $lt: after.id } }] }]),
  ];
  const last = (end + 1) * 1_000;
  return {
    from: new Date(start * 1_000),
    // Nothing before the position is read: an index is entered where the page before ended.
    until: new Date(after === null ? last : Math.min(last, after.timestamp.getTime() + 1)),
    filter: (from, until) => ({
      orgid: organisation,
      timestamp: inTime(from, until),
      ...(conditions.length === 0 ? {} : { $and: conditions }),
    }),
  };
};

/** The first stretch of time that is looked through, and how many times as long each is as the one before. */
const stretchMs = 300_000;
const growth = 12;

/** The whole time, the newest first, so that a database which sorts all that it finds has to find little. */
function* stretches({ from, until }: LogSearch): Generator<{ readonly from: Date; readonly until: Date }> {
  let length = stretchMs;
  for (let end = until.getTime(); end > from.getTime(); length *= growth) {
    const begin = Math.max(from.getTime(), end - length);
    yield { from: new Date(begin), until: new Date(end) };
    end = begin;
  }
}

const page = (
  collection: mongo.Collection<StoredRecord>,
  { from, until, filter }: LogSearch,
  skip: number,
  limit: number,
): Promise<StoredRecord[]> =>
  collection
    .find(filter(from, until), { projection: withoutMessages, maxTimeMS: longestReadMs })
    .sort(order)
    .skip(skip)
    .limit(limit)
    .toArray();

const newest = async (
  collection: mongo.Collection<StoredRecord>,
  search: LogSearch,
  limit: number,
): Promise<readonly StoredRecord[]> => {
  const found: StoredRecord[] = [];
  for (const stretch of stretches(search)) {
    if (found.length >= limit) break;
    found.push(...(await page(collection, { ...search, ...stretch }, 0, limit - found.length)));
  }
  return found;
};
