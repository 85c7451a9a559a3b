import { readSession } from './session';
import {
  organisationAnnounced,
  organisationQuotaNames,
  organisationSessionHolds,
  organisationSessionText,
} from './organisation-session';

const organisation = '5e9d9544a1dcd60001d0ed20';
const now = new Date('2026-11-26T12:00:00Z');
const seconds = now.getTime() / 1_000;

describe('the session of an organisation', () => {
  it('limits nothing where nobody has set limits, and is there all the same', () => {
    const text = organisationSessionText(organisation, null, null, now);
    expect(readSession(text)).toMatchObject({ org_id: organisation, quota_max: -1, rate: 0, is_inactive: false });
    expect(organisationSessionHolds(organisation, null, text)).toBe(true);
    expect(organisationSessionHolds(organisation, null, null)).toBe(false);
  });

  it('says what was set, with the time that the quota ends, and keeps what nodes have counted', () => {
    const wanted = { quota_max: 3, quota_renewal_rate: 60 };
    const first = organisationSessionText(organisation, wanted, null, now);
    expect(readSession(first)).toMatchObject({ quota_max: 3, quota_renews: seconds + 60 });
    const counted = JSON.stringify({ ...readSession(first), quota_remaining: 2, quota_renews: seconds + 40 });
    expect(organisationSessionHolds(organisation, wanted, counted)).toBe(true);
    const second = organisationSessionText(organisation, { ...wanted, quota_max: 9 }, counted, now);
    expect(readSession(second)).toMatchObject({ quota_max: 9, quota_remaining: 2, quota_renews: seconds + 40 });
  });

  it('does not hold when a node has written back what was there before', () => {
    const old = organisationSessionText(organisation, { is_inactive: false }, null, now);
    expect(organisationSessionHolds(organisation, { is_inactive: true }, old)).toBe(false);
    expect(organisationSessionHolds(organisation, { quota_max: 3 }, old)).toBe(false);
  });

  it('does not hold when it is another organisation’s, or no session', () => {
    const other = organisationSessionText('5e9d9544a1dcd60001d0ed21', null, null, now);
    expect(organisationSessionHolds(organisation, null, other)).toBe(false);
    expect(organisationSessionHolds(organisation, null, 'nonsense')).toBe(false);
  });

  it('stays as somebody else has put it where nothing was set here', () => {
    const theirs = JSON.stringify({ org_id: organisation, quota_max: 7 });
    expect(organisationSessionHolds(organisation, null, theirs)).toBe(true);
  });

  it('is announced and counted under the names that nodes were seen to use', () => {
    expect(organisationAnnounced(organisation)).toHaveLength(3);
    expect(organisationAnnounced(organisation)[0]).toBe(organisation);
    expect(organisationQuotaNames('capture0000000000000org1')).toHaveLength(5);
  });
});
