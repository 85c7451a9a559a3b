import { setImmediate as nextTurn } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { mongo } from 'mongoose';
import {
  addOpenRows,
  leadingDimension,
  unitMs,
  type Dimensions,
  type RecordDocument,
  type RollupKind,
  type RollupUnit,
} from '@castellan/analytics';
import { CastellanError } from '@castellan/dto';
import { Clock } from '@castellan/observability';
import { ConsistentReads, OrganisationStore, type OrganisationId, type Span } from '@castellan/persistence';
import { KeyNames } from '../key-names';
import { AnalyticsCollections, type SegmentDocument } from '../storage/collections';
import { common, inTime } from '../storage/in-time';
import { RollupStore } from '../storage/rollup-store';
import { rowsIn } from '../storage/sums-document';
import { CellBudget, Cells, type Cell } from './cells';
import { OwnSums } from './own-sums';
import { PumpedAggregates } from './pumped-aggregates';
import { longestReadMs, ReadingTime, withinTime } from './reading-limits';
import { askedDimensions, fitsInto, type DimensionName, type Question } from './question';
import { partsOf } from './question-parts';

export interface Answer {
  /** Where the figures come from. */
  readonly source: 'aggregates' | 'records';
  readonly cells: readonly Cell[];
}

/** A question while it is answered. */
interface Asked {
  readonly question: Question;
  readonly cells: Cells;
  readonly time: ReadingTime;
  /** Of all organisations together. */
  recordsRead: number;
}

/** What rows of each kind group by, besides the API and its version. The first that has all that is asked for is taken. */
const kinds: readonly (readonly [RollupKind, readonly DimensionName[]])[] = [
  ['key', ['key']],
  ['endpoint', ['path']],
  ['keyEndpoint', ['key', 'path']],
  ['oauth', ['oauth', 'path']],
  ['tag', ['tag']],
  ['country', ['country']],
];

/** Rows by the minute are there for a day, and rows by the hour for 400. */
const minutesKeptMs = 86_400_000;
const hoursKeptMs = 399 * 86_400_000;
/** Records that one question may read; beyond it the answer is to ask for less. */
const mostRecords = 500_000;
/** Rows that are added before other requests get a turn. */
const atOnce = 500;

/** Answers questions about figures, from sums where these suffice and from the records where not. */
@Injectable()
export class AnalyticsReader {
  private readonly budget = new CellBudget();

  constructor(
    private readonly collections: AnalyticsCollections,
    private readonly rollups: RollupStore,
    private readonly organisations: OrganisationStore,
    private readonly snapshot: ConsistentReads,
    private readonly pumped: PumpedAggregates,
    private readonly ownSums: OwnSums,
    private readonly keyNames: KeyNames,
    private readonly clock: Clock,
  ) {}

  /** Of several organisations the figures are added up, each read for itself. */
  ask(span: Span, question: Question): Promise<Answer> {
    const cells = new Cells(question, this.budget);
    const asked: Asked = { question, cells, time: new ReadingTime(), recordsRead: 0 };
    return withinTime(async () => {
      try {
        let source: Answer['source'] = 'aggregates';
        for (const organisation of await this.organisations.idsOf(span)) {
          if ((await this.add(organisation, asked)) === 'records') source = 'records';
        }
        return { source, cells: cells.all };
      } finally {
        cells.letGo();
      }
    });
  }

  private async add(organisation: OrganisationId, asked: Asked): Promise<Answer['source']> {
    const own = await this.ownSums.timeOf(organisation);
    if (own === null) {
      const read = asked.recordsRead;
      const source = await this.addPumped(organisation, asked);
      // Where nothing has been stored, the sums of nothing are right.
      return asked.recordsRead === read && !this.collections.purgedElsewhere ? 'aggregates' : source;
    }
    const sources: Answer['source'][] = [];
    for (const [who, part] of partsOf(asked.question, own)) {
      if (part === null) continue;
      if (who === 'own') sources.push(await this.addOwn(organisation, asked, part));
      else if (who === 'records') sources.push(await this.addRecords(organisation, asked, part));
      else sources.push(await this.addPumped(organisation, asked, part));
    }
    return sources.includes('records') ? 'records' : 'aggregates';
  }

  /** What our own purger has stored. */
  private async addOwn(organisation: OrganisationId, asked: Asked, part: Question): Promise<Answer['source']> {
    const kind = kindFor(part);
    const unit = kind === null ? null : this.unitFor(part, kind);
    const isKnown = unit !== 'hour' || (await this.hasHours(organisation, part));
    if (kind === null || unit === null || !isKnown) return this.addRecords(organisation, asked, part);
    await this.addSums(organisation, part, kind, unit, asked);
    return 'aggregates';
  }

  /** What tyk-pump has stored, which knows nothing of our sums. */
  private async addPumped(
    organisation: OrganisationId,
    asked: Asked,
    part = asked.question,
  ): Promise<Answer['source']> {
    const found = await this.pumped.read(organisation, part, ({ dimensions, label, measures }, at) => {
      asked.time.check();
      asked.cells.add(this.named(dimensions), at, label, measures);
    });
    return found ? 'aggregates' : this.addRecords(organisation, asked, part);
  }

  /** Whether what stands in records may be tokens, which we never store. */
  private get mayHaveTokens(): boolean {
    return this.keyNames.mayBeTokens && this.collections.purgedElsewhere;
  }

  private named(dimensions: Dimensions): Dimensions {
    const { key } = dimensions;
    return key === undefined ? dimensions : { ...dimensions, key: this.keyNames.of(key) };
  }

  /** The longest unit whose buckets lie inside the question's; null when there is none. */
  private unitFor(question: Question, kind: RollupKind): RollupUnit | null {
    const fits = (unit: RollupUnit): boolean => fitsInto(question, unitMs[unit]);
    if (fits('day')) return 'day';
    if (fits('hour')) return 'hour';
    const isKept = question.from.getTime() >= this.clock.millis() - minutesKeptMs;
    return fits('minute') && isKept && (kind === 'total' || kind === 'api' || kind === 'error') ? 'minute' : null;
  }

  /** Whether no rows by the hour that the question is about have expired. */
  private async hasHours(organisation: OrganisationId, { from }: Question): Promise<boolean> {
    const kept = this.clock.millis() - hoursKeptMs;
    if (from.getTime() >= kept) return true;
    const begins = await this.ownSums.begin(organisation);
    return begins === null || begins.getTime() >= kept;
  }

  private async addSums(
    organisation: OrganisationId,
    question: Question,
    kind: RollupKind,
    unit: RollupUnit,
    { cells, time }: Asked,
  ): Promise<void> {
    const { from: first, until: end, filters, callers = false } = question;
    const leading = leadingDimension[kind];
    const values = leading === null ? undefined : filters[leading];
    const wanted = { orgId: organisation, kinds: [kind], unit, from: first, until: end, callers };
    await this.snapshot.read(async (session) => {
      const merged = this.rollups.opened({ ...wanted, ...(values === undefined ? {} : { values }) }, session);
      for await (const { rows, callers: registers } of merged) {
        time.check();
        addOpenRows(rows, registers, ({ dimensions, at, label }) =>
          at < first || at >= end ? null : cells.take(dimensions, at, label),
        );
      }
      // Rows by the day are made of those by the hour, when they are merged.
      const kept = unit === 'minute' ? 'minute' : 'hour';
      const segments = this.collections.segments.find<SegmentPart>(
        {
          orgId: organisation,
          kinds: kind,
          first: { $lt: end },
          last: { $gte: new Date(first.getTime() - unitMs.hour) },
        },
        { session, projection: callers ? {} : { callers: 0 } },
      );
      for await (const segment of segments) {
        await nextTurn();
        time.check();
        for (const row of rowsIn(segment)) {
          if (row.kind !== kind || row.unit !== kept || row.at < first || row.at >= end) continue;
          cells.add(row.dimensions, row.at, row.label, row.measures);
        }
      }
    });
  }

  private async addRecords(
    organisation: OrganisationId,
    asked: Asked,
    part = asked.question,
  ): Promise<Answer['source']> {
    for (const { collection, ...time } of await this.collections.recordsToRead(organisation)) {
      const here = { ...part, ...common(part, time) };
      if (here.from >= here.until) continue;
      const documents = collection.find(recordFilter(organisation, here, this.mayHaveTokens), {
        projection: { rawrequest: 0, rawresponse: 0, useragent: 0 },
        maxTimeMS: longestReadMs,
        batchSize: atOnce,
      });
      for await (const document of documents) {
        if ((asked.recordsRead += 1) % atOnce === 0) await nextTurn();
        if (asked.recordsRead > mostRecords) {
          const message = `More than ${mostRecords} records have to be read for this; ask for a shorter time or other dimensions`;
          throw new CastellanError(400, 'limit_reached', message);
        }
        asked.cells.addDocument(this.keyNames.ofDocument(document));
      }
    }
    return 'records';
  }
}

type SegmentPart = Omit<SegmentDocument, 'callers'> & Partial<Pick<SegmentDocument, 'callers'>>;

/** Kind of the rows that can answer; null when only the records can. */
const kindFor = (question: Question): RollupKind | null => {
  const { filters, callers, errorsOnly } = question;
  const asked = askedDimensions(question);
  // Tags that gateways add by themselves are not among the sums.
  if (filters.tag?.some((tag) => /^(key-|org-|api-)/.test(tag)) === true || (filters.tag?.length ?? 0) > 1) return null;
  const isByApi = asked.has('api') || asked.has('version');
  asked.delete('api');
  asked.delete('version');
  if (asked.size === 0 && errorsOnly !== true) return isByApi ? 'api' : 'total';
  if (callers === true) return null;
  if (errorsOnly === true) return asked.size === 0 || (asked.size === 1 && asked.has('code')) ? 'error' : null;
  return kinds.find(([, names]) => [...asked].every((name) => names.includes(name)))?.[0] ?? null;
};

const recordFields = {
  api: 'apiid',
  version: 'apiversion',
  path: 'path',
  code: 'responsecode',
  oauth: 'oauthid',
  tag: 'tags',
  country: 'geo.country.isocode',
} as const;

const recordFilter = (
  organisation: OrganisationId,
  question: Question,
  mayHaveTokens: boolean,
): mongo.Filter<RecordDocument> => {
  const { scope, filters, errorsOnly } = question;
  const named = Object.entries(recordFields).flatMap(([name, field]) => {
    const values = filters[name as keyof typeof recordFields];
    return values === undefined ? [] : [[field, { $in: [...values] }] as const];
  });
  const keys = filters.key?.flatMap((key) => (key === '00000000' ? [key, ''] : [key]));
  return {
    // The time comes first: a database that follows one condition alone follows that one.
    timestamp: inTime(question.from, question.until),
    orgid: organisation,
    ...Object.fromEntries(named),
    // What they are called says nothing of what stands there: the cells see to it then.
    ...(keys === undefined || mayHaveTokens ? {} : { apikey: { $in: keys } }),
    ...(errorsOnly === true ? { responsecode: { $gte: 400 } } : {}),
    ...(scope === null ? {} : { apiid: { $in: [...scope] } }),
  };
};
