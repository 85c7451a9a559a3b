/** A policy that a fresh installation takes as it is: it names no API yet. */
export const policyExample = {
  _id: '5ead71205759610001818680',
  id: 'gold',
  name: 'Gold',
  active: true,
  rate: 1000,
  per: 60,
  quota_max: -1,
  quota_renewal_rate: 3600,
  access_rights: {},
  tags: ['gold'],
};
