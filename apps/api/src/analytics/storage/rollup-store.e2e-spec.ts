import { createConnection, mongo, type Connection } from 'mongoose';
import {
  addOpenRows,
  CountSum,
  noMeasures,
  placeOf,
  spanStart,
  type RollupKind,
  type RollupRow,
  type RollupUnit,
} from '@castellan/analytics';
import { Clock } from '@castellan/observability';
import { toOrganisationId, type OrganisationId } from '@castellan/persistence';
import { freshDatabaseUri } from '../../../../../test/support/test-services';
import { SumsErasure } from '../erasure/sums-erasure';
import { segmentsOf } from '../purger/segments';
import type { SegmentDocument } from './collections';
import { RollupStore } from './rollup-store';
import { rowsIn, type SumsDocument } from './sums-document';
import type { WantedRows } from './wanted-rows';

const now = new Date('2026-11-20T12:00:00Z');
const hour = (at: number): Date => new Date(Date.UTC(2026, 10, 19, at));
const nothing = { unit: 'hour', kind: 'keyEndpoint', at: hour(0), hits: 1 } as const;

interface Given {
  readonly unit?: RollupUnit;
  readonly kind?: RollupKind;
  readonly at?: Date;
  readonly hits?: number;
  readonly key?: string;
  readonly path?: string;
}

describe('the sums as MongoDB has them', () => {
  let connection: Connection;
  let sums: mongo.Collection<SumsDocument>;
  let store: RollupStore;
  let orgId: OrganisationId;

  beforeAll(async () => {
    connection = await createConnection(freshDatabaseUri()).asPromise();
    sums = connection.getClient().db(connection.name).collection('analytics_sums');
    await sums.createIndexes([{ key: { orgId: 1, kind: 1, unit: 1, at: 1 } }]);
    store = new RollupStore({ sums });
  });
  afterAll(async () => {
    await connection.dropDatabase();
    await connection.close();
  });
  beforeEach(() => {
    orgId = toOrganisationId(new mongo.ObjectId().toString());
  });

  const row = (given: Given): RollupRow => {
    const { unit, kind, at, hits, key, path } = { ...nothing, key: 'k', path: '/', ...given };
    const dimensions = { api: 'a', version: '', key, path };
    const measures = { ...noMeasures(), hits, codes: new Map([[200, hits]]), keys: new Map([[7, 3]]) };
    return { orgId, unit, at, kind, dimensions, label: '', measures };
  };
  const add = (rows: readonly RollupRow[], by = store) =>
    connection.transaction(async (session) => by.add(rows, now, session));
  const documents = (): Promise<SumsDocument[]> =>
    sums.find({ orgId }).sort({ kind: 1, unit: 1, at: 1, low: 1 }).toArray();
  const read = async (wanted: Partial<WantedRows> = {}): Promise<readonly RollupRow[]> => {
    const all = { orgId, kinds: ['keyEndpoint'], unit: 'hour', from: hour(0), until: hour(24) } as const;
    const found: RollupRow[] = [];
    const { from, until } = { ...all, ...wanted };
    for await (const document of store.documents({ ...all, ...wanted })) found.push(...rowsIn(document));
    return found.filter(({ at }) => at >= from && at < until);
  };
  const total = (rows: readonly RollupRow[]): number => rows.reduce((sum, { measures }) => sum + measures.hits, 0);
  const many = (count: number, given: Given = {}): readonly RollupRow[] =>
    Array.from({ length: count }, (_, index) => row({ ...given, key: `key${index % 50}`, path: `/${index}` }));

  it('are one document for a span with few rows, and late ones are added to it', async () => {
    await add([row({ at: hour(3) }), row({ at: hour(4) })]);
    await add([row({ at: hour(3), hits: 10 }), row({ at: hour(23), key: 'late' })]);
    expect((await documents()).map(({ at }) => at)).toEqual([hour(0)]);
    const hits = (await read()).map(({ at, dimensions: { key }, measures }) => [at.getUTCHours(), key, measures.hits]);
    expect(hits.sort()).toEqual([
      [23, 'late', 1],
      [3, 'k', 11],
      [4, 'k', 1],
    ]);
  });

  it('are split when they are many, and never lie in two places or grow over a bound', async () => {
    for (let round = 0; round < 3; round += 1) {
      await add([...many(1_000), ...many(700, { at: hour(round + 1) })]);
    }
    const found = await documents();
    expect(found.length).toBeGreaterThan(6);
    expect(found.every(({ rows }) => rows.length() < 256 * 1024)).toBe(true);
    // Each begins where the one before ends, so that every place belongs to exactly one of them.
    expect(found.map(({ low }) => low)).toEqual(['', ...found.slice(0, -1).map(({ until }) => until)]);
    expect(found.at(-1)?.until).toBe('~');
    const rows = await read();
    expect([rows.length, new Set(rows.map(placeOf)).size, total(rows)]).toEqual([3_100, 3_100, 5_100]);
  });

  it('are opened only where what is asked for can be', async () => {
    await add([...many(3_000), ...many(1_500, { at: hour(5) })]);
    const opened = async (wanted: Partial<WantedRows>): Promise<number> => (await read(wanted)).length;
    expect(total((await read({ values: ['key7'] })).filter(({ dimensions }) => dimensions.key === 'key7'))).toBe(90);
    expect(await opened({ values: ['key7'] })).toBeLessThan(1_500);
    expect(await opened({ from: hour(5), until: hour(6) })).toBe(1_500);
    expect(await opened({ from: hour(6), until: hour(7) })).toBe(0);
    expect(await opened({ values: many(50).map(({ dimensions: { key = '' } }) => key) })).toBe(4_500);
  });

  it('keep days of a month together, and minutes of an hour', async () => {
    const days = Array.from({ length: 60 }, (_, index) => new Date(Date.UTC(2026, 9, 1 + index)));
    await add(days.map((at) => row({ unit: 'day', kind: 'key', at })));
    await add([row({ unit: 'minute', kind: 'api', at: new Date('2026-11-19T10:59:00Z') })]);
    const spans = new Set(days.map((at) => spanStart('day', at).getTime()));
    const found = await documents();
    expect(found.filter(({ unit }) => unit === 'day')).toHaveLength(spans.size);
    expect(found.find(({ unit }) => unit === 'minute')?.at).toEqual(hour(10));
    const [from, until] = [new Date('2026-10-15T00:00:00Z'), new Date('2026-11-15T00:00:00Z')];
    expect(await read({ unit: 'day', kinds: ['key'], from, until })).toHaveLength(31);
  });

  it('expire when the last of their rows does, not before', async () => {
    await add([row({ at: hour(1) })]);
    const [first] = await documents();
    await add([row({ at: hour(23) })]);
    const [second] = await documents();
    const kept = 400 * 86_400_000;
    expect(first?.expireAt.getTime()).toBe(now.getTime() - 86_400_000 + kept);
    expect(second?.expireAt.getTime()).toBe(hour(23).getTime() + kept);
  });

  it('come without the registers of callers unless these are asked for', async () => {
    await add([row({})]);
    expect((await read()).map(({ measures }) => measures.keys.size)).toEqual([0]);
    expect((await read({ callers: true })).map(({ measures }) => measures.keys.size)).toEqual([1]);
    await add([row({})]);
    expect((await read({ callers: true })).map(({ measures }) => [...measures.keys])).toEqual([[[7, 3]]]);
  });

  it('are read again by a question only where they have changed since the one before', async () => {
    const hits = async (): Promise<number> => {
      const found = { measures: noMeasures(), sketch: new CountSum() };
      const wanted = { orgId, kinds: ['keyEndpoint'], unit: 'hour', from: hour(0), until: hour(24) } as const;
      await connection.transaction(async (session) => {
        for await (const { rows } of store.opened(wanted, session)) addOpenRows(rows, null, () => found);
      });
      return found.measures.hits;
    };
    await add([row({ hits: 2 })]);
    expect(await hits()).toBe(2);
    const [stored] = await documents();
    // Nobody does this, and so it is not seen.
    await sums.updateOne({ _id: stored?._id ?? '' }, { $set: { rows: new mongo.Binary(Buffer.from('changed')) } });
    expect(await hits()).toBe(2);
    await sums.updateOne({ _id: stored?._id ?? '' }, { $set: { rows: stored?.rows ?? new mongo.Binary() } });
    await add([row({ hits: 3 })]);
    expect(await hits()).toBe(5);
    await sums.deleteMany({ orgId });
    expect(await hits()).toBe(0);
  });

  it('are not written over by who has read them before another one changed them', async () => {
    await add([row({})]);
    const [head] = await documents();
    if (head === undefined) throw new Error('Nothing is stored');
    const rows = await store.open(head);
    await add([row({ hits: 5 })]);
    const late = connection.transaction((session) => store.replace(head, rows ?? [], now, session));
    await expect(late).rejects.toThrow('Sums have been changed without us');
    expect([await store.open(head), total(await read())]).toEqual([null, 6]);
  });

  it('hold everything that two replicas add at the same time, each trying again what it met the other in', async () => {
    const stores = [store, new RollupStore({ sums })];
    const lots = Array.from({ length: 6 }, (_, lot) => many(100, { at: hour(lot % 2) }));
    const adding = stores.map(async (by) => {
      for (const lot of lots) {
        for (let done = false; !done;) {
          done = await add(lot, by).then(
            () => true,
            () => false,
          );
        }
      }
    });
    await Promise.all(adding);
    const rows = await read();
    expect([rows.length, total(rows)]).toEqual([200, 1_200]);
  });

  it('begin anew where a part of their span has expired, and stay in the bounds of what is left of it', async () => {
    await add(many(1_500));
    const [first, , third] = await documents();
    const last = (await documents()).at(-1);
    const gone = [first, third, last].flatMap((document) => (document === undefined ? [] : [document._id]));
    await sums.deleteMany({ _id: { $in: gone } });
    const left = (await read()).length;
    await add(many(1_500));
    const found = await documents();
    expect(found.map(({ low }) => low)).toEqual(['', ...found.slice(0, -1).map(({ until }) => until)]);
    expect(found.at(-1)?.until).toBe('~');
    const rows = await read();
    expect([rows.length, total(rows)]).toEqual([1_500, left + 1_500]);
    for (const { low, until, rows: own, callers } of found) {
      const places = rowsIn({ orgId, rows: own, callers }).map(placeOf);
      expect(places.every((place) => low <= place && place < until)).toBe(true);
    }
  });

  describe('when somebody is erased from them', () => {
    const person = { key: 'anna' };
    /** A transaction that is not tried again, as the application has them. */
    const inTransaction = async (work: (session: mongo.ClientSession) => Promise<void>): Promise<void> => {
      const session = await connection.startSession();
      try {
        session.startTransaction();
        await work(session);
        await session.commitTransaction();
      } finally {
        await session.endSession();
      }
    };
    const erasure = (transaction: typeof inTransaction): SumsErasure => {
      const segments = connection.getClient().db(connection.name).collection<SegmentDocument>('analytics_pending');
      const nothingMoves = { moveSome: () => Promise.resolve(false) };
      return new SumsErasure({ segments, inTransaction: transaction }, store, nothingMoves, new Clock());
    };
    const hitsByKey = async (): Promise<ReadonlyMap<string | undefined, number>> =>
      new Map((await read()).map(({ dimensions, measures }) => [dimensions.key, measures.hits]));

    it('are looked at again when the merger has added to them meanwhile', async () => {
      await add([row({ key: 'anna' }), row({ key: 'ben' })]);
      let merges = 0;
      const meeting = erasure(async (work) => {
        if ((merges += 1) <= 2) await add([row({ key: 'anna', hits: 5 })]);
        await inTransaction(work);
      });
      expect(await meeting.erase(orgId, person)).toEqual({ sums: 1, more: false });
      expect(await hitsByKey()).toEqual(
        new Map([
          ['(erased)', 11],
          ['ben', 1],
        ]),
      );
    });

    it('wait for a transaction of the merger that has them in hand', async () => {
      await add([row({ key: 'anna' })]);
      const merging = await connection.startSession();
      merging.startTransaction();
      await store.add([row({ key: 'anna', hits: 5 })], now, merging);
      const codes: unknown[] = [];
      const meeting = erasure(async (work) => {
        try {
          await inTransaction(work);
        } catch (error) {
          codes.push(error instanceof mongo.MongoServerError ? error.code : error);
          await merging.commitTransaction();
          throw error;
        }
      });
      expect(await meeting.erase(orgId, person)).toEqual({ sums: 1, more: false });
      await merging.endSession();
      expect([codes, await hitsByKey()]).toEqual([[112], new Map([['(erased)', 6]])]);
    });

    it('are found in what was merged while it was looked for among what waits', async () => {
      const segments = connection.getClient().db(connection.name).collection<SegmentDocument>('analytics_pending');
      const waiting = [row({ key: 'anna', hits: 3 }), row({ key: 'ben' })];
      await segments.insertMany([...segmentsOf(waiting)]);
      let isMerged = false;
      const meeting = erasure(async (work) => {
        if (!isMerged) {
          isMerged = true;
          await segments.deleteMany({ orgId });
          await add(waiting);
        }
        await inTransaction(work);
      });
      expect(await meeting.erase(orgId, person)).toEqual({ sums: 1, more: false });
      expect([await hitsByKey(), await segments.countDocuments({ orgId })]).toEqual([
        new Map([
          ['(erased)', 3],
          ['ben', 1],
        ]),
        0,
      ]);
    });
  });
});
