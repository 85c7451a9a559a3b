import { setImmediate as nextTurn } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { mongo } from 'mongoose';
import {
  addOpenRows,
  leadingDimension,
  unitMs,
  type RecordDocument,
  type RollupKind,
  type RollupUnit,
} from '@castellan/analytics';
import { CastellanError } from '@castellan/dto';
import { Clock } from '@castellan/observability';
import { ConsistentReads, OrganisationStore, type OrganisationId, type Span } from '@castellan/persistence';
import { AnalyticsCollections, type SegmentDocument } from '../storage/collections';
import { inTime } from '../storage/in-time';
import { RollupStore } from '../storage/rollup-store';
import { rowsIn } from '../storage/sums-document';
import { Cells, type Cell } from './cells';
import { PumpedAggregates } from './pumped-aggregates';
import { askedDimensions, fitsInto, type DimensionName, type Question } from './question';

export interface Answer {
  /** Where the figures come from. */
  readonly source: 'aggregates' | 'records';
  readonly cells: readonly Cell[];
}

/** A question while it is answered. */
interface Asked {
  readonly question: Question;
  readonly cells: Cells;
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

/** Rows by the minute are there for a day. */
const minutesKeptMs = 86_400_000;
/** Records that one question may read; beyond it the answer is to ask for less. */
const mostRecords = 500_000;
const longestReadMs = 20_000;
/** Rows that are added before other requests get a turn. */
const atOnce = 500;

/** Answers questions about figures, from sums where these suffice and from the records where not. */
@Injectable()
export class AnalyticsReader {
  constructor(
    private readonly collections: AnalyticsCollections,
    private readonly rollups: RollupStore,
    private readonly organisations: OrganisationStore,
    private readonly snapshot: ConsistentReads,
    private readonly pumped: PumpedAggregates,
    private readonly clock: Clock,
  ) {}

  /** Of several organisations the figures are added up, each read for itself. */
  async ask(span: Span, question: Question): Promise<Answer> {
    const asked: Asked = { question, cells: new Cells(question), recordsRead: 0 };
    let source: Answer['source'] = 'aggregates';
    for (const organisation of await this.organisations.idsOf(span)) {
      if ((await this.add(organisation, asked)) === 'records') source = 'records';
    }
    return { source, cells: asked.cells.all };
  }

  private async add(organisation: OrganisationId, asked: Asked): Promise<Answer['source']> {
    const { question, cells } = asked;
    const kind = kindFor(question);
    const unit = kind === null ? null : this.unitFor(question, kind);
    if (await this.othersPurge(organisation)) {
      const found = await this.pumped.read(organisation, question, (cell, at) => {
        cells.add(cell.dimensions, at, cell.label, cell.measures);
      });
      if (!found) await this.addRecords(organisation, asked);
      return found ? 'aggregates' : 'records';
    }
    const fromSums = kind !== null && unit !== null;
    if (fromSums) await this.addSums(organisation, question, kind, unit, cells);
    else await this.addRecords(organisation, asked);
    return fromSums ? 'aggregates' : 'records';
  }

  /** Whether the records were stored by tyk-pump, which knows nothing of our sums. */
  private async othersPurge(organisation: OrganisationId): Promise<boolean> {
    if (!this.collections.purgedElsewhere) return false;
    const { sums, segments } = this.collections;
    const options = { projection: { _id: 1 } } as const;
    const find = { orgId: organisation };
    const own = (await sums.findOne(find, options)) ?? (await segments.findOne(find, options));
    return own === null;
  }

  /** The longest unit whose buckets lie inside the question's; null when there is none. */
  private unitFor(question: Question, kind: RollupKind): RollupUnit | null {
    const fits = (unit: RollupUnit): boolean => fitsInto(question, unitMs[unit]);
    if (fits('day')) return 'day';
    if (fits('hour')) return 'hour';
    const isKept = question.from.getTime() >= this.clock.millis() - minutesKeptMs;
    return fits('minute') && isKept && (kind === 'total' || kind === 'api' || kind === 'error') ? 'minute' : null;
  }

  private async addSums(
    organisation: OrganisationId,
    question: Question,
    kind: RollupKind,
    unit: RollupUnit,
    cells: Cells,
  ): Promise<void> {
    const { from, until, filters, callers = false } = question;
    const leading = leadingDimension[kind];
    const values = leading === null ? undefined : filters[leading];
    const wanted = { orgId: organisation, kinds: [kind], unit, from, until, callers };
    await this.snapshot.read(async (session) => {
      const merged = this.rollups.opened({ ...wanted, ...(values === undefined ? {} : { values }) }, session);
      for await (const { rows, callers: registers } of merged) {
        addOpenRows(rows, registers, ({ dimensions, at, label }) =>
          at < from || at >= until ? null : cells.take(dimensions, at, label),
        );
      }
      // Rows by the day are made of those by the hour, when they are merged.
      const kept = unit === 'minute' ? 'minute' : 'hour';
      const segments = this.collections.segments.find<SegmentPart>(
        {
          orgId: organisation,
          kinds: kind,
          first: { $lt: until },
          last: { $gte: new Date(from.getTime() - unitMs.hour) },
        },
        { session, projection: callers ? {} : { callers: 0 } },
      );
      for await (const segment of segments) {
        await nextTurn();
        for (const row of rowsIn(segment)) {
          if (row.kind !== kind || row.unit !== kept || row.at < from || row.at >= until) continue;
          cells.add(row.dimensions, row.at, row.label, row.measures);
        }
      }
    });
  }

  private async addRecords(organisation: OrganisationId, asked: Asked): Promise<void> {
    const { question, cells } = asked;
    for (const collection of await this.collections.recordsToRead(organisation)) {
      const documents = collection.find(recordFilter(organisation, question), {
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
        cells.addDocument(document);
      }
    }
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

const recordFilter = (organisation: OrganisationId, question: Question): mongo.Filter<RecordDocument> => {
  const { from, until, scope, filters, errorsOnly } = question;
  const named = Object.entries(recordFields).flatMap(([name, field]) => {
    const values = filters[name as keyof typeof recordFields];
    return values === undefined ? [] : [[field, { $in: [...values] }] as const];
  });
  const keys = filters.key?.flatMap((key) => (key === '00000000' ? [key, ''] : [key]));
  return {
    // The time comes first: a database that follows one condition alone follows that one.
    timestamp: inTime(from, until),
    orgid: organisation,
    ...Object.fromEntries(named),
    ...(keys === undefined ? {} : { apikey: { $in: keys } }),
    ...(errorsOnly === true ? { responsecode: { $gte: 400 } } : {}),
    ...(scope === null ? {} : { apiid: { $in: [...scope] } }),
  };
};
