import * as fc from 'fast-check';
import { Types } from 'mongoose';
import type { ApiSummary } from '@castellan/persistence';
import { ApiListing, listOrders } from './listing';
import { listApisQuery, wantedBy } from './list-query';

const row = (index: number, facts: Partial<ApiSummary> = {}): ApiSummary => ({
  _id: new Types.ObjectId(index.toString(16).padStart(24, '0')),
  orgId: new Types.ObjectId('f'.repeat(24)),
  version: 1,
  createdAt: new Date(index * 1_000),
  updatedAt: new Date(index * 1_000),
  apiId: `api-${index}`,
  name: `Api ${index}`,
  nameKey: `api ${index}`,
  slug: '',
  listenPath: '/',
  domain: '',
  active: true,
  tags: [],
  categories: [],
  authTypes: ['keyless'],
  apiTypes: ['rest'],
  hookIds: [],
  userOwners: [],
  groupOwners: [],
  isOas: false,
  ...facts,
});

const listingOf = (rows: readonly ApiSummary[], generation = 1): ApiListing =>
  new ApiListing(generation, new Map(rows.map((each) => [each._id.toString(), each])));

const ids = (rows: readonly ApiSummary[]): string[] => rows.map(({ apiId }) => apiId);

const idsOf = (...rows: readonly ApiSummary[]): string[] => rows.map(({ _id }) => _id.toString());

describe('a listing of APIs', () => {
  const rows = [
    row(1, { nameKey: 'banana', updatedAt: new Date(9_000) }),
    row(2, { nameKey: 'apple', updatedAt: new Date(5_000) }),
    row(3, { nameKey: 'banana', updatedAt: new Date(1_000) }),
  ];

  it.each([
    ['name', ['api-2', 'api-1', 'api-3']],
    ['-name', ['api-3', 'api-1', 'api-2']],
    ['created_at', ['api-1', 'api-2', 'api-3']],
    ['-created_at', ['api-3', 'api-2', 'api-1']],
    ['updated_at', ['api-3', 'api-2', 'api-1']],
    ['-updated_at', ['api-1', 'api-2', 'api-3']],
  ] as const)('has the order %s', (order, expected) => {
    expect(ids(listingOf(rows).inOrder(order))).toEqual(expected);
  });

  it('knows every order that is promised', () => {
    for (const order of listOrders) expect(listingOf(rows).inOrder(order)).toHaveLength(3);
  });

  it('advances by what has changed, and stays itself as it was', () => {
    const before = listingOf(rows);
    before.inOrder('name');
    const changed = row(2, { nameKey: 'cherry' });
    const after = before.advanced(4, idsOf(...rows.slice(0, 2)), [changed]);
    expect(after.sequence).toBe(4);
    expect(ids(after.inOrder('name'))).toEqual(['api-3', 'api-2']);
    expect(ids(before.inOrder('name'))).toEqual(['api-2', 'api-1', 'api-3']);
  });

  it('property: brought up to date, has every order that one made anew would have', () => {
    const facts = fc.record({ nameKey: fc.constantFrom('a', 'b', 'c'), at: fc.constantFrom(1, 2, 3) });
    const changes = fc.array(fc.tuple(fc.integer({ min: 1, max: 12 }), fc.option(facts)), { maxLength: 8 });
    fc.assert(
      fc.property(fc.array(changes, { maxLength: 6 }), fc.constantFrom(...listOrders), (steps, order) => {
        let listing = listingOf([]);
        const expected = new Map<number, ApiSummary>();
        for (const [generation, step] of steps.entries()) {
          listing.inOrder(order);
          for (const [index, changed] of step) {
            const times = changed && { createdAt: new Date(changed.at), updatedAt: new Date(4 - changed.at) };
            if (times === null) expected.delete(index);
            else expected.set(index, row(index, { nameKey: changed?.nameKey ?? '', ...times }));
          }
          const indexes = [...new Set(step.map(([index]) => index))];
          const current = indexes.flatMap((index) => expected.get(index) ?? []);
          listing = listing.advanced(generation, idsOf(...indexes.map((index) => row(index))), current);
        }
        const anew = listingOf([...expected.values()]);
        expect(ids(listing.inOrder(order))).toEqual(ids(anew.inOrder(order)));
        expect(listing.size).toBe(expected.size);
      }),
    );
  });

  it('knows which APIs are versions of others', () => {
    const elsewhere = new Types.ObjectId('e'.repeat(24));
    const rows = [row(1, { versionIds: ['api-2', 'api-3'] }), row(2), row(3, { orgId: elsewhere })];
    const listing = listingOf(rows);
    // One of another organisation is none, whatever its id.
    expect(ids(rows.filter((each) => listing.isVersion(each)))).toEqual(['api-2']);
  });
});

describe('what a list looks for', () => {
  const rows = [
    row(1, { nameKey: 'orders (eu) 100%', categories: ['eu', 'public'], authTypes: ['jwt', 'authToken'] }),
    row(2, { nameKey: 'größe .*', active: false, authTypes: ['keyless'], apiTypes: ['udg', 'internal'] }),
    row(3, { nameKey: 'payments', categories: ['us'], authTypes: ['authToken'] }),
  ];
  const find = (query: Readonly<Record<string, string>>, versions: readonly string[] = []): string[] => {
    const wanted = wantedBy(listApisQuery.read(query), ({ apiId }) => versions.includes(apiId));
    return ids(wanted === undefined ? rows : rows.filter(wanted));
  };

  it.each<[Record<string, string>, string[]]>([
    [{}, ['api-1', 'api-2', 'api-3']],
    [{ q: ' ' }, ['api-1', 'api-2', 'api-3']],
    [{ q: 'ORDERS (' }, ['api-1']],
    [{ q: '.*' }, ['api-2']],
    [{ q: 'GRÖSSE' }, []],
    [{ q: 'GRÖßE' }, ['api-2']],
    [{ category: 'eu, us' }, ['api-1', 'api-3']],
    [{ category: ',' }, ['api-1', 'api-2', 'api-3']],
    [{ auth_type: 'JWT' }, ['api-1']],
    [{ auth_type: 'keyless,authToken' }, ['api-1', 'api-2', 'api-3']],
    [{ auth_type: 'nothing' }, []],
    [{ api_type: 'internal' }, ['api-2']],
    [{ active: 'false' }, ['api-2']],
    [{ active: '1', q: 'a' }, ['api-3']],
  ])('%j finds %j', (query, expected) => {
    expect(find(query)).toEqual(expected);
  });

  it('leaves out versions of others with base_apis, whatever its value', () => {
    expect(find({ base_apis: 'no' }, ['api-3'])).toEqual(['api-1', 'api-2']);
    expect(find({ base_apis: '1' }, ['api-3'])).toEqual(['api-1', 'api-2']);
  });
});
