import { capturedSessions } from '../testing/sessions';
import { checkSession } from './check-session';
import { readSession } from './session';

const seconds = 1_800_000_000;
const pathsOf = (session: Parameters<typeof checkSession>[0]): string[] =>
  checkSession(session).map(({ path }) => path);

describe('the check of a session', () => {
  it.each(capturedSessions)('finds nothing in sessions of %s', (_, text) => {
    // A number that no double holds is refused when it is sent, and kept when it is only there.
    const readable = text.replace('9223372036854775807', '50');
    expect(checkSession(readSession(readable) ?? null)).toEqual([]);
  });

  it('finds what gateways could not compile, and before 5.3 would let everything pass', () => {
    const allowed = (url: string) => ({ access_rights: { a: { allowed_urls: [{ url, methods: ['GET'] }] } } });
    expect(checkSession(allowed('/ok/.*'))).toEqual([]);
    expect(pathsOf(allowed('/a/['))).toEqual(['access_rights["a"].allowed_urls[0].url']);
    const limited = { access_rights: { a: { endpoints: [{ path: '/a/[', methods: [] }] } } };
    expect(pathsOf(limited)).toEqual(['access_rights["a"].endpoints[0].path']);
  });

  it.each([0, -1, 1, seconds])('takes %d for a time of expiry', (expires) => {
    expect(checkSession({ expires })).toEqual([]);
  });

  it.each([
    [-2, 'must be a time in seconds'],
    [-seconds, 'must be a time in seconds'],
    [seconds * 1_000, 'looks like milliseconds'],
    [1.5, 'must be an integer'],
    ['1800000000', 'must be an integer'],
  ])('does not take %j for one', (expires, message) => {
    expect(checkSession({ expires })).toEqual([
      { path: 'expires', message: expect.stringContaining(message) as string },
    ]);
  });

  it.each([
    [{ rate: 10 }, 'per'],
    [{ rate: 10, per: 0 }, 'per'],
    [{ rate: -2 }, 'rate'],
    [{ quota_max: -2 }, 'quota_max'],
    [{ quota_renewal_rate: -5 }, 'quota_renewal_rate'],
    [{ session_lifetime: -1 }, 'session_lifetime'],
    [{ Quota_Max: 5 }, '["Quota_Max"]'],
    [{ access_rights: { a: { limit: { rate: 1 } } } }, 'access_rights["a"].limit.per'],
    [{ access_rights: { a: { api_id: 'b' } } }, 'access_rights["a"].api_id'],
    [{ access_rights: { a: null } }, 'access_rights["a"]'],
    [{ basic_auth_data: { password: 'x', hash_type: 'murmur64' } }, 'basic_auth_data.hash_type'],
    [{ basic_auth_data: { password: 'x', hash_type: 'bcrypt' } }, 'basic_auth_data.password'],
    [{ tags: 'gold' }, 'tags'],
    [{ date_created: 'yesterday' }, 'date_created'],
  ])('says where %j is wrong', (session, path) => {
    expect(pathsOf(session)).toEqual([path]);
  });

  it.each([
    { rate: 0.5, per: 1 },
    { rate: 1, per: 100 },
    { rate: -1, per: -1 },
    { rate: 0, per: 0, quota_max: -1, quota_renewal_rate: -1 },
    { meta_data: null, tags: null, access_rights: null },
    // What JSON makes of Infinity: never.
    { expires: null },
    { anything: { else: true } },
    { basic_auth_data: { password: 'open sesame', hash_type: '' } },
    { basic_auth_data: { password: `$2b$10$${'a'.repeat(53)}`, hash_type: 'bcrypt' } },
  ])('finds nothing in %j', (session) => {
    expect(checkSession(session)).toEqual([]);
  });
});
