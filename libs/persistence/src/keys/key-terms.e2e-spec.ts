import { keyRow, OwnKeyIndex } from '../../test/key-rows';
import { newObjectId, toOrganisationId } from '../ids';
import { inTransaction } from '../in-transaction';
import type { Page } from '../paging';
import { queryOf, type KeyFilter } from './key-filter';
import { KeyIndex } from './key-index';
import type { KeyRow } from './key-row';
import { foundByOf, saysWhatFinds } from './key-terms';

const orgId = newObjectId();
const organisation = toOrganisationId(orgId);
const everything = {
  ...{ alias: 'ada', username: 'ada@acme', certificate: 'c1', certificates: ['c1', 'c2'] },
  ...{ policyIds: ['p1'], apiIds: ['a1', 'a2'], tags: ['gold', 'new'], copies: ['copy-1'] },
};

/** What writes rows of keys, and what only reads them or leaves alone what they are found by. */
const writers = ['insert', 'replace', 'replaceAll', 'replaceTogether', 'endAll', 'add', 'refresh', 'settle', 'adopt'];
const others = [
  ...[
    'page',
    'pageOfAll',
    'narrowed',
    'hasMoreThan',
    'countUpTo',
    'byUsername',
    'byHash',
    'byHashes',
    'holderOf',
    'known',
    'there',
  ],
  ...['count', 'allOf', 'createdAt', 'organisations', 'some', 'takeDue', 'settleAll', 'current', 'unsettled'],
  ...['removeDeleted', 'deleteAll', 'forgetAll', 'forget', 'keepInactive', 'noteUses', 'addThose'],
];

describe('what keys are found by', () => {
  let own: OwnKeyIndex;
  let index: KeyIndex;

  beforeAll(async () => {
    own = await OwnKeyIndex.open();
    ({ index } = own);
  });
  afterAll(() => own.close());

  const stored = (): Promise<KeyRow[]> => own.keys.find().sort({ _id: 1 }).lean<KeyRow[]>().exec();
  const current = async (row: KeyRow): Promise<KeyRow> => {
    const found = await index.current(row._id);
    if (found === null) throw new Error('The row is gone');
    return found;
  };

  it('is one list of all that lists are narrowed by, and nothing for what is empty', () => {
    expect(foundByOf(everything)).toEqual({
      terms: [
        ...['alias:ada', 'user:ada@acme', 'bound:c1', 'certificate:c1', 'certificate:c2', 'policy:p1'],
        ...['api:a1', 'api:a2', 'tag:gold', 'tag:new'],
      ],
      copies: ['copy-1'],
    });
    expect(foundByOf({ alias: '', tags: ['', 'x', 'x'], copies: [] })).toEqual({ terms: ['tag:x'] });
    expect(foundByOf({})).toEqual({ terms: [] });
  });

  it('is written by whatever writes a row, and every method of the index is known to do so or not to', async () => {
    const methods = Object.getOwnPropertyNames(KeyIndex.prototype).filter((name) => name !== 'constructor');
    expect(methods.sort()).toEqual([...writers, ...others].sort());
    const row = keyRow({ orgId, ...everything });
    const written: Record<string, () => Promise<unknown>> = {
      insert: () => own.insert([row]),
      replace: () => index.replace({ ...row, alias: 'b', copies: [], version: 2 }, 1),
      replaceAll: async () => {
        const was = await current(row);
        const changed = { ...was, tags: ['silver'], copies: ['copy-2'], version: 3 };
        await inTransaction(own.connection, (session) => index.replaceAll([{ row: changed, was }], session));
      },
      replaceTogether: async () => {
        const was = await current(row);
        await index.replaceTogether([{ row: { ...was, tags: ['platinum'], version: 4 }, was }]);
      },
      refresh: async () => {
        await index.refresh(await current(row), { alias: 'found', apiIds: ['a3'] });
        await index.refresh(await current(row), { inactive: true });
      },
      settle: async () => {
        await index.settle(await current(row), null, { tags: ['bronze'] });
        await index.settle(await current(row), null);
      },
      endAll: async () => index.endAll([await current(row)], new Date()),
      add: () => index.add([keyRow({ orgId, tags: ['added'] })]),
      adopt: async () => {
        await own.keys.collection.insertOne({ ...keyRow({ orgId, alias: 'of an earlier program' }) });
        await index.adopt(organisation);
      },
    };
    expect(Object.keys(written).sort()).toEqual([...writers].sort());
    const seen: (readonly string[])[] = [];
    for (const [how, write] of Object.entries(written)) {
      await write();
      const rows = await stored();
      expect({ how, wrong: rows.filter((one) => !saysWhatFinds(one)) }).toEqual({ how, wrong: [] });
      seen.push(rows[0]?.foundBy?.terms ?? []);
    }
    expect(seen.map((terms) => terms.filter((term) => /^(alias|api|tag):/.test(term)))).toEqual([
      ['alias:ada', 'api:a1', 'api:a2', 'tag:gold', 'tag:new'],
      ['alias:b', 'api:a1', 'api:a2', 'tag:gold', 'tag:new'],
      ['alias:b', 'api:a1', 'api:a2', 'tag:silver'],
      ['alias:b', 'api:a1', 'api:a2', 'tag:platinum'],
      ['alias:found', 'api:a3', 'tag:platinum'],
      ...Array.from({ length: 4 }, () => ['alias:found', 'api:a3', 'tag:bronze']),
    ]);
    // A key is found by a copy that it has, and not by one that it had.
    expect((await index.known(['copy-2'])).map(({ _id }) => _id)).toEqual([row._id]);
    expect(await index.known(['copy-1'])).toEqual([]);
  });

  describe('of many keys', () => {
    const owner = newObjectId();
    const of = toOrganisationId(owner);
    const some = (values: readonly string[], at: number): string[] => values.filter((_, bit) => (at >> bit) % 2 === 1);
    const rows = Array.from({ length: 64 }, (_, at) =>
      keyRow({
        ...{ orgId: owner, alias: at % 5 === 0 ? '' : `alias-${at % 5}`, username: at % 7 === 0 ? 'alias-1' : '' },
        ...{
          tags: some(['t1', 't2', 'a1'], at),
          apiIds: some(['a1', 'a2'], at >> 2),
          policyIds: some(['p1'], at >> 4),
        },
        ...{ certificate: at % 9 === 0 ? 'c1' : '', certificates: some(['c1', 'c2'], at >> 1) },
        ...{ inactive: at % 4 === 0, deletedAt: at % 11 === 0 ? new Date() : null },
        expiresAt: at % 3 === 0 ? null : new Date(Date.UTC(2030, 0, 1 + at)),
      }),
    );
    const from = new Date(Date.UTC(2030, 0, 10));
    const to = new Date(Date.UTC(2030, 0, 40));
    const fits: readonly (readonly [KeyFilter, (row: KeyRow) => boolean])[] = [
      [{ tag: 't1' }, ({ tags }) => tags.includes('t1')],
      // What is a tag here is the name of an API there.
      [{ tag: 'a1' }, ({ tags }) => tags.includes('a1')],
      [{ apiId: 'a1' }, ({ apiIds }) => apiIds.includes('a1')],
      [{ policyId: 'p1' }, ({ policyIds }) => policyIds.includes('p1')],
      [{ alias: 'alias-2' }, ({ alias }) => alias === 'alias-2'],
      [{ username: 'alias-1' }, ({ username }) => username === 'alias-1'],
      [{ name: 'alias-1' }, ({ alias, username }) => alias === 'alias-1' || username === 'alias-1'],
      [{ name: 'alias-1', tag: 't2' }, (row) => fitsName(row) && row.tags.includes('t2')],
      [{ certificate: 'c1' }, ({ certificate }) => certificate === 'c1'],
      [{ namesCertificate: 'c1' }, ({ certificates }) => certificates.includes('c1')],
      [
        { namesCertificate: 'c1', lacksCertificate: 'c2' },
        ({ certificates }) => certificates.includes('c1') && !certificates.includes('c2'),
      ],
      [{ tag: 't1', apiId: 'a2' }, ({ tags, apiIds }) => tags.includes('t1') && apiIds.includes('a2')],
      [{ alias: 'alias-3', tag: 't1' }, ({ alias, tags }) => alias === 'alias-3' && tags.includes('t1')],
      [{ tag: 't2', inactive: true }, ({ tags, inactive }) => tags.includes('t2') && inactive],
      [{ expiresFrom: from }, ({ expiresAt }) => expiresAt !== null && expiresAt >= from],
      [{ expiresTo: to }, ({ expiresAt }) => expiresAt !== null && expiresAt <= to],
      [{ expiresFrom: from, expiresTo: to }, ({ expiresAt: at }) => at !== null && at >= from && at <= to],
      [{ tag: '' }, () => false],
    ];
    const fitsName = ({ alias, username }: KeyRow): boolean => alias === 'alias-1' || username === 'alias-1';

    beforeAll(() => own.insert(rows));

    it.each(fits)(
      'finds those of %j, in the order and with the total of the list, in pages and read on',
      async (filter, is) => {
        const there = await own.keys
          .find({ orgId: owner, deletedAt: null })
          .sort({ block: -1, _id: -1 })
          .lean<KeyRow[]>();
        const expected = there.filter(is).map(({ hash }) => hash);
        const [numbered, readOn] = [[] as string[], [] as string[]];
        let next: string | null = null;
        for (let page = 1; page === 1 || next !== null; page += 1) {
          const byNumber = await index.page(of, filter, { page }, 5);
          const after: Page<KeyRow> = next === null ? byNumber : await index.page(of, filter, { after: next }, 5);
          numbered.push(...byNumber.rows.map(({ hash }) => hash));
          readOn.push(...after.rows.map(({ hash }) => hash));
          expect([byNumber.total, after.total]).toEqual([expected.length, expected.length]);
          next = after.next;
        }
        expect({ numbered, readOn }).toEqual({ numbered: expected, readOn: expected });
      },
    );

    it('are not read one and all for what few have, nor for an expiry', async () => {
      for (const filter of [{ tag: 't1' }, { apiId: 'a1' }, { name: 'alias-1' }, { expiresFrom: from }]) {
        const plan = JSON.stringify(await own.keys.find(queryOf(of, filter)).explain());
        expect({
          filter,
          isByIndex: plan.includes('expiresFrom' in filter ? 'expiresAt_1' : 'foundBy.terms_1'),
        }).toEqual({
          filter,
          isByIndex: true,
        });
      }
    });

    it('have indexes that no start makes anew', async () => {
      expect(await own.keys.diffIndexes()).toEqual({ toDrop: [], toCreate: [] });
    });
  });
});
