import * as fc from 'fast-check';
import type { JsonObject } from '../json/json-text';
import { explainPolicies } from './explain-policies';
import { appliedLimits, GENERATIONS, type Generation } from './policy-limits';
import type { AppliedPolicy } from './session-form';

const rights = (...ids: string[]): JsonObject =>
  Object.fromEntries(ids.map((id) => [id, { api_id: id, api_name: id.toUpperCase(), versions: ['Default'] }]));
const policy = (id: string, fields: JsonObject): AppliedPolicy => ({
  id,
  policy: { access_rights: rights('a'), ...fields },
});
const parts = (...names: string[]): JsonObject => ({
  partitions: Object.fromEntries(names.map((name) => [name, true])),
});
const session: JsonObject = { access_rights: rights('a') };
const on = (generation: Generation, policies: readonly AppliedPolicy[], own: JsonObject = session, api = 'a') =>
  appliedLimits(generation, own, policies)?.get(api);
/** What gateways of 3.1, 5.2 and 5.14 make of policies, in this order. */
const each = (...policies: AppliedPolicy[]) => GENERATIONS.map((generation) => on(generation, policies));

const fast = policy('fast', { rate: 10, per: 1, quota_max: -1, quota_renewal_rate: 60 });
const slow = policy('slow', { rate: 2, per: 60, quota_max: 5, quota_renewal_rate: 3_600 });

describe('the limits of several policies', () => {
  it.each([
    ['in one order', [fast, slow]],
    ['in the other', [slow, fast]],
  ])('are the highest of each, and no limit is higher than any, %s', (_order, policies) => {
    const unlimited = { quota_max: -1, quota_renewal_rate: 3_600 };
    expect(each(...policies)).toMatchObject([
      // Rates and periods are compared by themselves there.
      { rate: 10, per: 60, ...unlimited },
      { rate: 10, per: 60, ...unlimited },
      { rate: 10, per: 1, ...unlimited },
    ]);
  });

  it('come together of policies that set the rights, the rate and the quota each, but for 5.2 and 3.1', () => {
    const [acl, rate, quota] = [
      policy('acl', parts('acl')),
      policy('rate', { ...parts('rate_limit'), rate: 10, per: 1 }),
      policy('quota', { ...parts('quota'), quota_max: 5, quota_renewal_rate: 60 }),
    ];
    const whole = { rate: 10, per: 1, quota_max: 5, quota_renewal_rate: 60, scope: '' };
    for (const order of [
      [acl, rate, quota],
      [quota, rate, acl],
      [rate, acl, quota],
    ])
      expect(on('5.14', order)).toMatchObject(whole);
    expect(on('3.1', [acl, rate, quota])).toMatchObject({ rate: 0, quota_max: 0 });
    expect(on('5.2', [acl, rate, quota])).toMatchObject({ rate: 0, quota_max: 5 });
    expect(on('5.2', [quota, rate, acl])).toMatchObject({ rate: 10, quota_max: 0 });
  });

  it('leave to the key what none of them sets, and what it says itself counts for nothing else', () => {
    const own = { ...session, rate: 3, per: 1, quota_max: 7, quota_renewal_rate: 60 };
    const limited = policy('limited', { ...parts('acl', 'quota'), quota_max: 5, quota_renewal_rate: 3_600 });
    for (const generation of GENERATIONS)
      expect(on(generation, [limited], own)).toMatchObject({ rate: 3, per: 1, quota_max: 5 });
    for (const generation of GENERATIONS)
      expect(on(generation, [slow], own)).toMatchObject({ rate: 2, per: 60, quota_max: 5 });
  });

  it('are refused by 5.14 where none grants rights, and are beside the key’s own rights before', () => {
    const quota = policy('quota', { ...parts('quota'), quota_max: 5, quota_renewal_rate: 60 });
    expect(each(quota)).toEqual([
      ...[1, 2].map(() => expect.objectContaining({ quota_max: 5, scope: '' }) as unknown),
      undefined,
    ]);
    expect(appliedLimits('5.14', session, [quota])).toBeNull();
    const { limits, explanation } = explainPolicies(session, [quota]);
    expect(limits).toEqual({});
    expect(explanation).toEqual([
      'Gateways of 5.14 refuse the key: none of its policies grants rights.',
      expect.stringMatching(/^Gateways of 3\.1: On A: .*5 calls in 60 seconds/),
      expect.stringMatching(/^Gateways of 5\.2: On A: .*5 calls in 60 seconds/),
    ]);
  });

  it('count by API where that has limits of its own, by policy where several grant rights, and else for the key', () => {
    const limit = { quota_max: 2, quota_renewal_rate: 60 };
    const perApi = policy('each', {
      ...{ ...parts('per_api'), quota_max: 300, quota_renewal_rate: 60 },
      access_rights: { ...rights('b'), a: { versions: ['Default'], limit } },
    });
    for (const generation of GENERATIONS) {
      expect(on(generation, [perApi])).toMatchObject({ ...limit, scope: 'a' });
      expect(on(generation, [perApi], session, 'b')).toMatchObject({ quota_max: 300, scope: 'each' });
      expect(on(generation, [slow])).toMatchObject({ scope: '' });
      const other = policy('other', { access_rights: rights('b'), quota_max: 1 });
      expect(on(generation, [slow, other], session, 'b')).toMatchObject({ quota_max: 1, scope: 'other' });
    }
  });

  it('are refused where a policy sets them for each API and another one sets a part of them', () => {
    const perApi = policy('each', parts('per_api'));
    expect(GENERATIONS.map((one) => appliedLimits(one, session, [policy('q', parts('acl')), perApi]))).toEqual([
      null,
      null,
      null,
    ]);
    expect(explainPolicies(session, [perApi, perApi]).explanation).toEqual([
      'On A: No limit of its rate. No quota: any number of calls.',
      expect.stringContaining('Gateways of 3.1 refuse the key'),
      expect.stringContaining('Gateways of 5.2 refuse the key'),
    ]);
  });

  it('are told in words, with those of older gateways where they are others, and APIs that are alike together', () => {
    const many = { access_rights: rights('a', 'b', 'c', 'd', 'e', 'f', 'g') };
    const { limits, explanation } = explainPolicies(many, [
      policy('fast', { ...many, rate: 10, per: 1 }),
      policy('slow', { access_rights: rights('b'), rate: 2, per: 60 }),
    ]);
    expect(explanation).toEqual([
      'On A, C, D, E, F and 1 more: 10 calls in 1 second. No quota: any number of calls. Counted for the APIs of the policy fast together.',
      'On B: 10 calls in 1 second. No quota: any number of calls. Counted for the APIs of the policy slow together.',
      'Gateways of 3.1: On B: 10 calls in 60 seconds. No quota: any number of calls. Counted for the APIs of the policy slow together.',
      'Gateways of 5.2: On B: 10 calls in 60 seconds. No quota: any number of calls. Counted for the APIs of the policy slow together.',
    ]);
    expect(limits['b']).toMatchObject({ rate: 10, per: 1, scope: 'slow' });
    const inactive = explainPolicies(session, [policy('p', { is_inactive: true })]);
    expect(inactive.explanation[0]).toBe('One of its policies is inactive: every call is refused.');
  });

  it('are the same in whatever order 5.14 gets whole policies that differ in pace', () => {
    const paces = fc.constantFrom(
      { rate: -1, per: 60 },
      { rate: 1, per: 1 },
      { rate: 7, per: 13 },
      { rate: 9, per: 60 },
    );
    const whole = fc.record({
      pace: paces,
      quota_max: fc.constantFrom(-1, 0, 5, 50),
      quota_renewal_rate: fc.nat(99),
      max_query_depth: fc.constantFrom(-1, 0, 4),
    });
    fc.assert(
      fc.property(fc.array(whole, { minLength: 1, maxLength: 4 }), (fields) => {
        const policies = fields.map(({ pace, ...one }, at) => policy(`p${at}`, { ...pace, ...one }));
        const [forth, back] = [policies, policies.toReversed()].map((order) => on('5.14', order));
        expect({ ...forth, scope: '' }).toEqual({ ...back, scope: '' });
      }),
    );
  });
});
