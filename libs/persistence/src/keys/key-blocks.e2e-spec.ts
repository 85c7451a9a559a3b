import type { Connection, Model } from 'mongoose';
import { ValidationFailed } from '@castellan/dto';
import { keyRow, OwnKeyIndex } from '../../test/key-rows';
import { newObjectId, toOrganisationId } from '../ids';
import { inTransaction } from '../in-transaction';
import type { Page, Place } from '../paging';
import type { KeyBlockRow } from './key-blocks';
import type { KeyIndex } from './key-index';
import type { KeyRow } from './key-row';

const orgId = newObjectId();
const organisation = toOrganisationId(orgId);

const rowOf = (of = orgId): KeyRow => keyRow({ orgId: of });

describe('lists of many keys', () => {
  let own: OwnKeyIndex;
  let connection: Connection;
  let keys: Model<KeyRow>;
  let blocks: Model<KeyBlockRow>;
  let index: KeyIndex;

  beforeAll(async () => {
    own = await OwnKeyIndex.open();
    ({ connection, keys, blocks, index } = own);
    await insert(Array.from({ length: 30 }, () => rowOf()));
    for (let some = 0; some < 5; some += 1) await insert(Array.from({ length: 7 }, () => rowOf()));
    await insert([rowOf(newObjectId())]);
  });
  afterAll(() => own.close());

  const insert = (rows: readonly KeyRow[]): Promise<void> => own.insert(rows);
  const there = (): Promise<KeyRow[]> =>
    keys.find({ orgId, deletedAt: null }).sort({ block: -1, _id: -1 }).lean<KeyRow[]>().exec();
  const page = (place: Place, size: number): Promise<Page<KeyRow>> => index.page(organisation, {}, place, size);
  const idsOf = (rows: readonly KeyRow[]): string[] => rows.map(({ _id }) => _id.toString());
  /** Every page, read by its number and read on from the one before, with the totals that they name. */
  const walked = async (size: number): Promise<{ byNumber: string[]; readOn: string[]; totals: Set<number> }> => {
    const first = await page({ page: 1 }, size);
    const [byNumber, readOn, totals] = [idsOf(first.rows), idsOf(first.rows), new Set([first.total])];
    let { next } = first;
    for (let number = 2; next !== null; number += 1) {
      const [numbered, after] = [await page({ page: number }, size), await page({ after: next }, size)];
      byNumber.push(...idsOf(numbered.rows));
      readOn.push(...idsOf(after.rows));
      totals.add(numbered.total).add(after.total);
      next = after.next;
    }
    return { byNumber, readOn, totals };
  };

  /** What is counted is what is there, and each page what a query over everything has at its place. */
  const expectExact = async (size = 9): Promise<void> => {
    const all = await there();
    const ids = idsOf(all);
    expect(await walked(size)).toEqual({ byNumber: ids, readOn: ids, totals: new Set([ids.length]) });
    expect(await index.count(organisation)).toBe(ids.length);
  };

  it('have every key once, the newest first, whether by number or read on, over blocks full and open', async () => {
    await expectExact();
    const sizes = await blocks.find({ orgId }).sort({ block: 1 }).lean<KeyBlockRow[]>().exec();
    expect(sizes.map((one) => one.there)).toEqual([20, 24, 21]);
    const [newest] = (await page({ page: 1 }, 1)).rows;
    const all = await there();
    expect(newest?._id).toEqual(all[0]?._id);
    expect(await page({ page: 9_999 }, 10)).toEqual({ rows: [], next: null, total: all.length });
    expect((await page({ page: null }, 10)).rows).toHaveLength(all.length);
  });

  it('stay exact through each way in which a key comes or goes', async () => {
    const [first, second, third, fourth] = await there();
    if (first === undefined || second === undefined || third === undefined || fourth === undefined)
      throw new Error('There are fewer keys than were made');
    const gone = (row: KeyRow): KeyRow => ({ ...row, version: row.version + 1, deletedAt: new Date() });
    expect(await index.replace(gone(first), 1)).toBe(true);
    await expectExact();
    // Taken back: it is there again, where it was.
    expect(await index.replace({ ...first, version: 3 }, 2)).toBe(true);
    await expectExact();
    expect(await index.replace(gone(first), 1)).toBe(false);
    await inTransaction(connection, (session) =>
      index.replaceAll(
        [
          { row: gone(second), was: second },
          { row: { ...third, alias: 'changed', version: 2 }, was: third },
        ],
        session,
      ),
    );
    await index.endAll([fourth, { ...fourth, version: 7 }], new Date());
    await index.forget({ ...third, version: 2 });
    expect(await index.add([rowOf(), { ...rowOf(), hash: first.hash }])).toBe(1);
    await expectExact(25);
  });

  it('keep what a transaction has counted that was taken back', async () => {
    const before = await index.count(organisation);
    const failing = inTransaction(connection, async (session) => {
      await index.insert([rowOf()], session);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await index.count(organisation)).toBe(before);
    await insert([rowOf()]);
    await expectExact(25);
  });

  it('take in keys of a program that knew of no blocks, before those that come later', async () => {
    const owner = newObjectId();
    const old = [rowOf(owner), rowOf(owner), { ...rowOf(owner), deletedAt: new Date() }];
    await keys.collection.insertMany(old.map((row) => ({ ...row })));
    await index.adopt(toOrganisationId(owner));
    await index.adopt(toOrganisationId(owner));
    const late = rowOf(owner);
    await insert([late]);
    const { rows, total } = await index.page(toOrganisationId(owner), {}, { page: 1 }, 10);
    expect(total).toBe(3);
    expect(idsOf(rows)).toEqual(idsOf([late, ...old.slice(0, 2).reverse()]));
  });

  it('refuse a position of another list, and are empty for an organisation without keys', async () => {
    const forged = Buffer.from(JSON.stringify(['-block,-_id', ['s', 'x'], ['n', 1]])).toString('base64url');
    await expect(page({ after: forged }, 10)).rejects.toThrow(ValidationFailed);
    const nobody = toOrganisationId(newObjectId());
    expect(await index.page(nobody, {}, { page: 1 }, 10)).toEqual({ rows: [], next: null, total: 0 });
    await inTransaction(connection, (session) => index.deleteAll(organisation, new Date(), session));
    await expectExact();
    expect(await index.organisations()).not.toContain(organisation);
  });
});
