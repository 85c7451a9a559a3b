import * as fc from 'fast-check';
import type { JsonObject } from '../json/json-text';
import { anyJson } from '../testing/arbitraries';
import { lostValues, ownValues, policyValues, withoutPolicies, withoutValues } from './own-values';

const own = { tags: ['own', 'shared'], meta_data: { plan: 'own', x: 1 } };
const following = { apply_policies: ['p'] };
/** What nodes make of a key that says all that of itself, and follows a policy of the plan gold. */
const written = { ...following, tags: ['own', 'shared', 'gold'], meta_data: { plan: 'gold', tier: 2, x: 1 } };
const gold = { tags: ['gold', 'shared'], meta_data: { plan: 'gold', tier: 2 } };

describe('what a key says itself', () => {
  it('is everything that a new key says, and everything while it follows no policy', () => {
    expect(ownValues(null, null, { ...own, ...following })).toEqual({ ...own, limits: {} });
    expect(ownValues(null, { ...own, apply_policies: [] }, { ...own, ...following })).toEqual({ ...own, limits: {} });
  });

  it('is not what nodes have written of its policies, also when that is read and sent back', () => {
    expect(ownValues(own, written, { ...written, alias: 'edited' })).toEqual(own);
    expect(
      ownValues(own, written, { ...written, tags: [...written.tags], meta_data: { ...written.meta_data } }),
    ).toEqual(own);
    // Of a key that nobody has noted anything of.
    expect(ownValues(null, written, written)).toEqual({ tags: [], meta_data: {} });
  });

  it('is what somebody says anew, and no more what they leave out', () => {
    const changed = { ...written, tags: ['own', 'gold', 'new'], meta_data: { plan: 'mine', tier: 2 } };
    expect(ownValues(own, written, changed)).toEqual({ tags: ['own', 'new'], meta_data: { plan: 'mine' } });
  });

  it('is the same while the key is inactive and its policies wait', () => {
    const inactive = { ...written, apply_policies: [], castellan_apply_policies: ['p'], is_inactive: true };
    expect(ownValues(own, written, inactive)).toEqual(own);
    expect(ownValues(own, inactive, written)).toEqual(own);
  });
});

describe('what a policy says no more', () => {
  const lost = (before: JsonObject, after: JsonObject | null): ReadonlySet<string> =>
    new Set(lostValues(before, after));

  it('is what it said and says otherwise, or not at all; all of it when it is gone', () => {
    expect(lostValues(gold, gold)).toEqual([]);
    expect(lostValues(gold, { ...gold, rate: 5 })).toEqual([]);
    expect(lost(gold, null)).toEqual(policyValues(gold));
    expect(lost(gold, { ...gold, meta_data: { plan: 'silver', tier: 2 } })).toEqual(
      policyValues({ meta_data: { plan: 'gold' } }),
    );
  });

  it('goes out of a session, and what is the key’s own comes back', () => {
    expect(withoutValues(written, lost(gold, null), own)).toEqual({ ...following, ...own });
    expect(withoutValues(written, lost(gold, null), null)).toEqual({
      ...following,
      ...{ tags: ['own'], meta_data: { x: 1 } },
    });
  });

  it('stays where the session says something else by now, or nothing', () => {
    const other = { tags: ['a'], meta_data: { plan: 'silver', TykJWTSessionID: 'x' } };
    expect(withoutValues(other, lost(gold, null), null)).toEqual(other);
    expect(withoutValues({ alias: 'bare' }, lost(gold, null), own)).toEqual({ alias: 'bare' });
  });

  it('goes with its rights when a key leaves the policy', () => {
    const granting = { ...gold, access_rights: { a: {} } };
    expect(withoutPolicies({ ...written, access_rights: { a: {} } }, [granting], own)).toEqual({
      ...{ ...following, ...own },
      access_rights: {},
    });
  });

  it('takes its limits along when a key leaves it, and those that are the key’s own are there again, pair by pair', () => {
    const limits = { rate: 100, per: 60, quota_max: 5, quota_renewal_rate: 3_600 };
    const policy = { ...limits, access_rights: { a: {} } };
    const own = ownValues(null, null, { ...following, rate: 10, per: 1 });
    expect(own.limits).toEqual({ rate: 10, per: 1 });
    const session = { ...following, ...limits };
    // Read and sent back, it says nothing itself.
    expect(ownValues(own, session, { ...session, alias: 'x' }).limits).toEqual({ rate: 10, per: 1 });
    expect(ownValues(own, session, { ...session, quota_max: 7 }).limits).toEqual({ rate: 10, per: 1, quota_max: 7 });
    const left = { ...following, rate: 10, per: 1, access_rights: {} };
    expect(withoutPolicies(session, [policy], own)).toEqual(left);
    // One half of a pair is no policy’s: a rate without its time would be none.
    const edited = { ...session, rate: 50 };
    expect(withoutPolicies(edited, [policy], own)).toEqual({ ...following, rate: 50, per: 60, access_rights: {} });
    // Whose own limits nobody knows, keeps what limits it.
    const unknown = ownValues(null, session, { ...session, alias: 'x' });
    expect(unknown.limits).toBeUndefined();
    expect(withoutPolicies(session, [policy], unknown)).toEqual({ ...session, access_rights: {} });
  });

  it('is told apart by name and value, whatever they are', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), anyJson), fc.string(), anyJson, (meta, name, value) => {
        const left = withoutValues(
          { meta_data: { ...meta, [name]: value } },
          lost({ meta_data: { [name]: value } }, {}),
          {
            ...{ tags: [], meta_data: {} },
          },
        );
        const expected = Object.entries(meta).filter(([one]) => one !== name);
        expect(left['meta_data']).toEqual(Object.fromEntries(expected));
      }),
    );
  });
});
