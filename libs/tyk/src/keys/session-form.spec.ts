import * as fc from 'fast-check';
import type { JsonObject } from '../json/json-text';
import { at, listAt, objectAt } from '../json/read';
import { anyJsonObject } from '../testing/arbitraries';
import { explainSession } from './explain-session';
import { sessionFacts } from './session-facts';
import {
  hasLostRights,
  opensNothing,
  sessionForCallers,
  sessionForNodes,
  withoutRights,
  type AppliedPolicy,
} from './session-form';

const now = new Date('2026-11-26T05:00:00Z');
const seconds = now.getTime() / 1_000;
const org = '5e9d9544a1dcd60001d0ed20';

const formed = (session: JsonObject, policies: readonly AppliedPolicy[] = [], resetsQuota = true): JsonObject =>
  sessionForNodes(session, { organisationId: org, now, policies, resetsQuota });
const right = (limit: JsonObject | null) => ({ access_rights: { a: { api_name: 'A', versions: ['Default'], limit } } });
const policy = (id: string, fields: JsonObject = {}): AppliedPolicy => ({
  id,
  policy: { access_rights: { a: { apiid: 'a', apiname: 'A', versions: ['v1'] } }, quota_renewal_rate: 60, ...fields },
});
const zeros = { rate: 0, per: 0, quota_max: 0, quota_renews: 0, quota_remaining: 0, quota_renewal_rate: 0 };

describe('a session for nodes', () => {
  it.each([null, {}, zeros])('has no limit where %j was none, since 3.1 reads zeros as unlimited', (limit) => {
    expect(at(formed(right(limit)), 'access_rights', 'a')).toEqual({
      ...{ api_id: 'a', api_name: 'A', versions: ['Default'] },
      ...{ limit: null, allowance_scope: '' },
    });
  });

  it('counts by API where the API has limits of its own, and renews ahead there', () => {
    const limit = { quota_max: 5, quota_renewal_rate: 60, smoothing: { enabled: true } };
    expect(at(formed(right(limit)), 'access_rights', 'a')).toMatchObject({
      allowance_scope: 'a',
      limit: { ...limit, quota_renews: seconds + 60 },
    });
  });

  it.each([
    ['ahead anew', { quota_renews: seconds + 10 }, true, seconds + 60],
    ['as it was when counters go on', { quota_renews: seconds + 10 }, false, seconds + 10],
    ['ahead when it is past', { quota_renews: 12 }, false, seconds + 60],
    ['ahead when it was never set', {}, false, seconds + 60],
  ])('renews its quota %s', (_, fields, resets, expected) => {
    const session = formed({ ...right(null), quota_max: 5, quota_renewal_rate: 60, ...fields }, [], resets);
    expect(session['quota_renews']).toBe(expected);
  });

  it.each([{ quota_max: 5, quota_renewal_rate: 0 }, { quota_max: -1, quota_renewal_rate: 60 }, { quota_max: 0 }])(
    'does not say when a quota such as %j renews',
    (quota) => {
      expect(formed({ ...right(null), ...quota })).not.toHaveProperty('quota_renews');
    },
  );

  it('belongs to the organisation that wrote it, whatever it said', () => {
    expect(formed({ ...right(null), org_id: 'another' })['org_id']).toBe(org);
  });

  it('keeps when it was created and says when it was changed', () => {
    expect(formed({ date_created: '2020-01-02T03:04:05.678901234Z' })).toMatchObject({
      date_created: '2020-01-02T03:04:05.678901234Z',
      last_updated: String(seconds),
    });
    const again = formed({ last_updated: String(seconds) });
    expect(again['last_updated']).toBe(String(seconds + 1));
    expect(formed({ last_updated: 'garbage' })['last_updated']).toBe(String(seconds));
    expect(formed({ date_created: '0001-01-01T00:00:00Z' })['date_created']).toBe(now.toISOString());
  });

  it('writes out what its policies grant, with a time ahead for their quota', () => {
    const session = formed({ rate: 5, per: 1 }, [
      policy('p1'),
      policy('p2', {
        access_rights: { a: { versions: ['v2', 'v1'] }, b: { api_name: 'B' } },
        quota_renewal_rate: 3600,
      }),
    ]);
    expect(session['apply_policies']).toEqual(['p1', 'p2']);
    expect(session['access_rights']).toEqual({
      a: {
        api_id: 'a',
        api_name: '',
        versions: ['v1', 'v2'],
        limit: { quota_renews: seconds + 3600 },
        allowance_scope: '',
      },
      b: { api_id: 'b', api_name: 'B', versions: [], limit: { quota_renews: seconds + 3600 }, allowance_scope: '' },
    });
  });

  it('keeps its own rights beside policies that only limit, in the form for own rights', () => {
    const session = formed(right(zeros), [policy('p', { partitions: { quota: true } })]);
    expect(at(session, 'access_rights', 'a', 'limit')).toBeNull();
    expect(session['apply_policies']).toEqual(['p']);
  });

  it('applies no policy while it is inactive, and remembers it for when it is active again', () => {
    const inactive = formed({ is_inactive: true }, [policy('p')]);
    expect(inactive['apply_policies']).toEqual([]);
    expect(opensNothing(inactive)).toBe(false);
    const seen = sessionForCallers(inactive);
    expect(seen['apply_policies']).toEqual(['p']);
    expect(sessionFacts(inactive)).toMatchObject({ policyIds: ['p'], inactive: true });
    const active = formed({ ...seen, is_inactive: false }, [policy('p')]);
    expect(active['apply_policies']).toEqual(['p']);
    expect(sessionForCallers(active)).toEqual(active);
  });

  it('replaces the old field for one policy', () => {
    expect(formed({ apply_policy_id: 'p' }, [policy('p')])).toMatchObject({
      apply_policy_id: '',
      apply_policies: ['p'],
    });
  });

  it('is granted the same by its policies in whatever order they stand', () => {
    const policies = [
      policy('p', { access_rights: { a: { versions: ['v1'] }, b: {} }, quota_renewal_rate: 60 }),
      policy('q', { access_rights: { a: { versions: ['v2'] }, c: {} }, quota_renewal_rate: 900 }),
      policy('r', { access_rights: { d: {} }, partitions: { quota: true } }),
    ];
    const granted = (order: typeof policies): unknown =>
      Object.entries(objectAt(formed({}, order), 'access_rights'))
        .map(([id, right]) => JSON.stringify([id, [...listAt(right, 'versions')].sort(), at(right, 'limit')]))
        .sort();
    expect(granted(policies)).toEqual(granted([...policies].reverse()));
  });

  it('gets no renewal with a quota that says none, when it is changed', () => {
    const changed = formed({ ...right(null), quota_max: 5 });
    expect(Object.keys(changed)).not.toContain('quota_renewal_rate');
    expect(Object.keys(changed)).not.toContain('quota_renews');
  });

  it('that has lost its rights has one to no API, since none at all opens every API, and callers see none', () => {
    const left = withoutRights({ ...right(null), apply_policies: ['gone'], alias: 'kept' });
    expect(Object.keys(objectAt(left, 'access_rights'))).toEqual(['castellan/none']);
    expect([hasLostRights(left), opensNothing(left), hasLostRights(right(null))]).toEqual([true, false, false]);
    expect(withoutRights(left)).toBe(left);
    expect(sessionForCallers(left)).toEqual({ access_rights: {}, apply_policies: ['gone'], alias: 'kept' });
    expect(sessionFacts(left).apiIds).toEqual([]);
    const again = formed(sessionForCallers(left), [policy('p')]);
    expect(Object.keys(objectAt(again, 'access_rights'))).toEqual(['a']);
  });

  it('opens nothing without rights, which a caller has to refuse', () => {
    expect(opensNothing(formed({}))).toBe(true);
    expect(opensNothing(formed({}, [policy('p', { access_rights: null })]))).toBe(true);
    expect(opensNothing(formed(right(null)))).toBe(false);
  });

  it('keeps every field it does not set, and is the same when it is formed again', () => {
    fc.assert(
      fc.property(anyJsonObject, (fields) => {
        const session = formed(fields);
        for (const name of Object.keys(fields)) expect(Object.hasOwn(session, name)).toBe(true);
        expect(formed(session)).toEqual({ ...session, last_updated: String(seconds + 1) });
        expect(Object.values(objectAt(session, 'access_rights')).every((one) => at(one, 'limit') !== undefined)).toBe(
          true,
        );
      }),
    );
  });
});

describe('facts of a session', () => {
  it('are what it is found by', () => {
    expect(
      sessionFacts({
        org_id: org,
        alias: 'mobile',
        access_rights: { a: {}, b: {} },
        apply_policy_id: 'p',
        tags: ['x', 'x', 7],
        expires: 1_800_000_000,
        date_created: '2026-11-26T03:24:19.112015784Z',
        last_updated: '1795663459',
        oauth_client_id: 'client',
        certificate: 'cert',
      }),
    ).toEqual({
      ...{ organisationId: org, alias: 'mobile', apiIds: ['a', 'b'], policyIds: ['p'], tags: ['x'] },
      ...{ certificate: 'cert', certificates: ['cert'], oauthClient: 'client', inactive: false },
      expires: 1_800_000_000,
      created: new Date('2026-11-26T03:24:19.112Z'),
      updated: new Date(1_795_663_459_000),
    });
  });

  it.each([0, -1, -5, null])('take an expiry of %j for never, as nodes do', (expires) => {
    expect(sessionFacts({ expires }).expires).toBeNull();
  });

  it('have no dates where a node wrote none', () => {
    expect(sessionFacts({ date_created: '0001-01-01T00:00:00Z', last_updated: '' })).toMatchObject({
      created: null,
      updated: null,
    });
  });
});

describe('what a session means, in words', () => {
  it.each([
    [{ quota_max: 0 }, 'No quota: any number of calls.'],
    [{ quota_max: -1, quota_renewal_rate: 60 }, 'No quota: any number of calls.'],
    [{ quota_max: -2 }, 'A quota below -1: gateways of 3.1 refuse every call, newer ones allow any number.'],
    [{ quota_max: 5, quota_renewal_rate: 0 }, '5 calls in all, never renewed.'],
    [{ quota_max: 1, quota_renewal_rate: 86_400 }, '1 call in 86400 seconds.'],
    [{ rate: 0 }, 'No limit of its rate.'],
    [{ rate: 1, per: 100 }, '1 call in 100 seconds.'],
    [{ expires: -1 }, 'It never expires.'],
    [{ expires: seconds }, 'It has expired at 2026-11-26T05:00:00.000Z: every call is refused.'],
    [{ expires: seconds + 1 }, 'It expires at 2026-11-26T05:00:01.000Z.'],
    [{ is_inactive: true }, 'It is inactive: every call is refused.'],
    [{ apply_policies: ['p'] }, 'Limits and rights come from its policy, as far as they set them.'],
    [
      { apply_policies: ['p'], rate: 10, per: 1 },
      'What it says itself of rate and quota counts only where no policy does.',
    ],
    [
      { apply_policies: ['p'], meta_data: { plan: 'own' } },
      'Of its meta data, what a policy says under the same name counts.',
    ],
    [
      { access_rights: { a: { api_name: 'A', limit: { rate: 2, per: 1 } } } },
      'On A: 2 calls in 1 second. No quota: any number of calls.',
    ],
  ])('is said of %j', (session, sentence) => {
    expect(explainSession(session, now)).toContain(sentence);
  });

  it('lists one sentence for each thing', () => {
    expect(listAt(explainSession({}, now))).toHaveLength(3);
    const madeForJwt = { meta_data: { TykJWTSessionID: 'x' } };
    expect(listAt(explainSession(madeForJwt, now))).toContainEqual(expect.stringContaining('what the claims say wins'));
  });
});
