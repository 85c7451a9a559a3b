import { groupsGiven, verifiedEmail } from './claims';

const [editors, readers, everybody] = ['a'.repeat(24), 'b'.repeat(24), 'c'.repeat(24)];
const settings = {
  name: 'Accounts',
  active: true,
  issuer: 'https://accounts.example',
  client_id: 'castellan',
  scopes: 'openid',
  id_token_alg: 'RS256',
  groups_claim: 'groups',
  group_mappings: { editors, readers },
  default_groups: [everybody],
  create_users: true,
  link_users: false,
  trust_emails: false,
  use_userinfo: false,
};

describe('the groups that a provider gives', () => {
  it.each([
    [{ groups: ['editors', 'readers'] }, [editors, readers]],
    [{ groups: ['readers', 'editors', 'editors'] }, [editors, readers]],
    [{ groups: 'readers' }, [readers]],
    // Names that mean nothing here, such as those of our own groups, give nothing.
    [{ groups: ['admin', 'Administrators', 'constructor', '__proto__'] }, [everybody]],
    [{ groups: [] }, [everybody]],
    [{ groups: null }, [everybody]],
    [{ groups: '' }, [everybody]],
    [{ groups: {} }, [everybody]],
    [{ groups: [7, { editors: true }] }, [everybody]],
    [{}, [everybody]],
    // Too many for a token: nothing is said, and nothing changes.
    [{ _claim_names: { groups: 'src1' }, _claim_sources: {} }, null],
    [{ hasgroups: true }, null],
  ])('for %j are %j', (claims, groups) => {
    expect(groupsGiven(claims, settings)).toEqual(groups);
  });

  it('are the default ones, when they are none of its business', () => {
    expect(groupsGiven({ groups: ['editors'] }, { ...settings, groups_claim: '' })).toEqual([everybody]);
  });
});

describe('the address that a provider vouches for', () => {
  it.each([
    [{ email: 'a@b.example', email_verified: true }, 'a@b.example', 'a@b.example'],
    [{ email: 'a@b.example', email_verified: false }, '', ''],
    [{ email: 'a@b.example', email_verified: 'true' }, '', ''],
    [{ email: 'a@b.example' }, '', 'a@b.example'],
    [{ email: ['a@b.example'], email_verified: true }, '', ''],
    [{ email_verified: true }, '', ''],
  ])('in %j is %p, or %p where it is trusted', (claims, usually, trusted) => {
    expect(verifiedEmail(claims, settings)).toBe(usually);
    expect(verifiedEmail(claims, { trust_emails: true })).toBe(trusted);
  });
});
