import { isJsonObject, parseJson, type JsonObject } from '../json/json-text';
import { objectAt } from '../json/read';
import { capturedSessions } from '../testing/sessions';
import { readSession, writeSession } from './session';
import { sessionForNodes } from './session-form';
import { sessionHolds } from './session-holds';

const now = new Date('2026-11-26T05:00:00Z');
const org = '5e9d9544a1dcd60001d0ed20';

const written = (fields: JsonObject): string =>
  writeSession(
    sessionForNodes(
      { access_rights: { a: { api_name: 'A', versions: ['Default'] } }, ...fields },
      { organisationId: org, now, policies: [], resetsQuota: true },
    ),
  );

/** What a node of 3.1 makes of a session when a quota period begins: every field, its own counters, no unknown fields. */
const writtenBack = (text: string, change: JsonObject = {}): string => {
  const template = objectAt(parseJson(capturedSessions[0]?.[1].replace('9223372036854775807', '0') ?? ''));
  const zeros = Object.fromEntries(
    Object.entries(template).map(([name, value]) => [
      name,
      typeof value === 'number' ? 0 : typeof value === 'string' ? '' : null,
    ]),
  );
  const session = readSession(text) ?? {};
  const known = Object.fromEntries(Object.entries(session).filter(([name]) => Object.hasOwn(zeros, name)));
  return JSON.stringify({
    ...{ ...zeros, meta_data: {}, tags: [], ...known, quota_renews: 1_900_000_000, quota_remaining: 4, allowance: 7 },
    ...change,
  });
};

describe('whether a session still holds', () => {
  it.each(capturedSessions)('holds when it is the same text, of %s', (_, text) => {
    expect(sessionHolds(text, text)).toBe(true);
  });

  it('holds when there is none and there should be none', () => {
    expect(sessionHolds(null, null)).toBe(true);
    expect(sessionHolds(null, '{}')).toBe(false);
    expect(sessionHolds('{}', null)).toBe(false);
    expect(sessionHolds('{}', 'garbage')).toBe(false);
  });

  it('holds when a node has counted in it, and written it in its own way', () => {
    const text = written({ alias: 'mobile', tags: ['b', 'a'], quota_max: 5, quota_renewal_rate: 60, x_own: 1 });
    expect(sessionHolds(text, writtenBack(text))).toBe(true);
    expect(sessionHolds(text, writtenBack(text, { tags: ['a', 'b'], date_created: '2026-11-26T05:00:00Z' }))).toBe(
      true,
    );
  });

  it.each([
    ['alias', { alias: 'old' }],
    ['rate', { rate: 1, per: 1 }],
    ['quota', { quota_max: 4 }],
    ['expiry', { expires: 5 }],
    ['activity', { is_inactive: true }],
    ['tags', { tags: ['x'] }],
    ['data', { meta_data: { plan: 'old' } }],
    ['rights', { access_rights: { a: { api_id: 'a', api_name: 'A', versions: ['v2'] } } }],
    [
      'limits',
      { access_rights: { a: { api_id: 'a', api_name: 'A', versions: ['Default'], limit: { rate: 3, per: 1 } } } },
    ],
    ['password', { basic_auth_data: { password: 'old', hash_type: 'bcrypt' } }],
    ['policies', { apply_policies: ['p'] }],
  ])('does not hold when a node has brought the old %s back', (_, old) => {
    const text = written({ alias: 'new' });
    expect(sessionHolds(text, writtenBack(text, old))).toBe(false);
  });

  it('does not hold when what came back is of before the change, though it looks the same', () => {
    const text = written({ alias: 'same' });
    expect(sessionHolds(text, writtenBack(text, { last_updated: '1' }))).toBe(false);
  });

  it('holds when policies have been written into it', () => {
    const policies = [{ id: 'p', policy: { access_rights: { a: {} }, tags: ['gold'] } }];
    const text = writeSession(
      sessionForNodes({ alias: 'x' }, { organisationId: org, now, policies, resetsQuota: true }),
    );
    const back = writtenBack(text, {
      ...{ rate: 100, per: 1, quota_max: 50, tags: ['gold'], meta_data: { plan: 'gold' }, last_updated: '1900000000' },
      access_rights: { a: { api_id: 'a', limit: { rate: 100, per: 1 } }, b: {} },
    });
    expect(sessionHolds(text, back)).toBe(true);
    expect(sessionHolds(text, writtenBack(text, { apply_policies: ['p', 'q'] }))).toBe(false);
  });

  it('compares what was captured with what an edit made of it', () => {
    for (const [, text] of capturedSessions) {
      const session = parseJson(text);
      if (!isJsonObject(session)) throw new Error('no session');
      expect(sessionHolds(writeSession({ ...session, alias: 'edited' }, text), text)).toBe(false);
    }
  });
});
