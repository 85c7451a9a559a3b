import * as fc from 'fast-check';
import { ValidationFailed } from '@castellan/dto';
import { toObjectId } from '@castellan/persistence';
import { isJsonObject, parseJson, type JsonObject } from '@castellan/tyk';
import { composePolicy, parsePolicyBody, policyDraft } from './policy-content';

const identity = { _id: toObjectId('5ead71205759610001818680'), organisation: '5e9d9544a1dcd60001d0ed20' };
const at = new Date('2025-01-31T12:00:00.500Z');
const writing = { at, bringsBack: false };
const later = { at: new Date('2025-02-01T00:00:00Z'), bringsBack: false };

const anyJsonObject = fc.json({ maxDepth: 3 }).map((text): JsonObject => {
  const value = parseJson(text);
  return isJsonObject(value) ? value : { value };
});

const problemsOf = (body: unknown): string[] => {
  try {
    parsePolicyBody(body);
    return [];
  } catch (error) {
    if (error instanceof ValidationFailed) return error.errors.map(({ path }) => path);
    throw error;
  }
};

describe('composePolicy', () => {
  it('puts identity and dates into a new policy', () => {
    expect(composePolicy(identity, { name: 'Gold', org_id: 'other', _id: 'other' }, null, writing)).toEqual({
      _id: '5ead71205759610001818680',
      name: 'Gold',
      active: false,
      org_id: '5e9d9544a1dcd60001d0ed20',
      date_created: '2025-01-31T12:00:00.500Z',
      last_updated: '1738324800',
    });
  });

  it.each([
    [
      { apiid: 'a', apiname: 'Old' },
      { api_id: 'a', api_name: 'Old' },
    ],
    [
      { api_id: '', api_name: '', apiid: 'a', apiname: 'Old' },
      { api_id: 'a', api_name: 'Old' },
    ],
    [
      { api_id: 'a', api_name: 'New', apiname: 'Old' },
      { api_id: 'a', api_name: 'New' },
    ],
    [{ versions: ['v1'] }, { api_id: 'a', versions: ['v1'] }],
    [null, null],
  ])('writes the access right %j as %j', (right, expected) => {
    const policy = composePolicy(identity, { access_rights: { a: right } }, null, writing);
    expect(policy['access_rights']).toEqual({ a: expected });
  });

  it('keeps the date of the last write when nothing but owners differ, since nodes are served it', () => {
    const before = composePolicy(identity, { name: 'Gold' }, null, writing);
    const owned = composePolicy(identity, { ...before, user_owners: ['5ead71205759610001818681'] }, before, later);
    expect(owned).toEqual({ ...before, user_owners: ['5ead71205759610001818681'] });
    const renamed = composePolicy(identity, { ...before, name: 'Silver' }, before, later);
    expect(renamed['last_updated']).toBe('1738368000');
  });

  it('is the policy that is there when nothing but dates and version differ', () => {
    fc.assert(
      fc.property(anyJsonObject, (fields) => {
        const before = composePolicy(identity, fields, null, writing);
        const again = { ...before, last_updated: '7', date_created: '2001-01-01T00:00:00Z', version: 3 };
        expect(composePolicy(identity, again, before, later)).toBe(before);
        expect(composePolicy(identity, { ...again, more: 1 }, before, later)).toEqual({
          ...before,
          more: 1,
          last_updated: '1738368000',
        });
      }),
    );
  });

  it('brings an earlier state back with its date', () => {
    const first = composePolicy(identity, { name: 'first' }, null, writing);
    const second = composePolicy(identity, { name: 'second' }, first, later);
    expect(composePolicy(identity, first, second, { ...later, bringsBack: true })).toEqual(first);
  });

  it('keeps __proto__ as a field like any other', () => {
    const sent = parseJson('{"__proto__":{"x":1},"access_rights":{"__proto__":{"__proto__":{}}}}');
    if (!isJsonObject(sent)) throw new Error('not an object');
    expect(JSON.stringify(composePolicy(identity, sent, null, writing))).toContain(
      '"__proto__":{"x":1},"access_rights":{"__proto__":{"__proto__":{},"api_id":"__proto__"}}',
    );
  });
});

describe('policyDraft', () => {
  it('lifts what queries need', () => {
    const policy = { id: '', name: 'Gold', active: true, tags: ['a', 1, 'b'], access_rights: { x: {}, y: null } };
    expect(policyDraft(identity._id, policy)).toEqual({
      _id: identity._id,
      policyId: '5ead71205759610001818680',
      name: 'Gold',
      userOwners: [],
      groupOwners: [],
      active: true,
      apiIds: ['x', 'y'],
      tags: ['a', 'b'],
      document: JSON.stringify(policy),
    });
    expect(policyDraft(identity._id, { id: 'gold' })).toMatchObject({ policyId: 'gold', name: '', active: false });
  });
});

describe('parsePolicyBody', () => {
  it.each([
    [{}, []],
    [{ date_created: '0001-01-01T00:00:00Z', tags: null, access_rights: null }, []],
    [{ date_created: '2025-01-13T09:42:42.95634+00:00' }, []],
    [{ date_created: '2025-01-13' }, ['date_created']],
    [{ date_created: '2025-13-01T00:00:00Z' }, ['date_created']],
    [{ date_created: 7 }, ['date_created']],
    [{ access_rights: { a: { apiid: 'b' } } }, ['access_rights.a.api_id']],
    [{ access_rights: { a: { api_id: 'a', apiid: 'b' } } }, []],
    [[], ['body']],
    [undefined, ['body']],
  ])('finds in %j problems with %j', (body, paths) => {
    expect(problemsOf(body)).toEqual(paths);
  });
});
