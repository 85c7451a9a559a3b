import type { ProviderSettings } from './provider-settings';

type Claims = Readonly<Record<string, unknown>>;

const own = (claims: Claims, name: string): unknown => (Object.hasOwn(claims, name) ? claims[name] : undefined);

export const textClaim = (claims: Claims, name: string): string => {
  const value = own(claims, name);
  return typeof value === 'string' ? value : '';
};

/** Too many groups for a token: the provider says where to ask for them, and we do not go where a token sends us. */
const isElsewhere = (claims: Claims, claim: string): boolean => {
  const names = own(claims, '_claim_names');
  const isNamed = typeof names === 'object' && names !== null && Object.hasOwn(names, claim);
  return isNamed || own(claims, 'hasgroups') === true;
};

/**
 * The user groups that a provider gives somebody: those of all values of the claim that stand for one, or else the default ones. A
 * claim that is missing or is no list gives the default ones, as an empty one does.
 *
 * @returns null when the provider does not say, so that they stay as they are
 */
export const groupsGiven = (
  claims: Claims,
  { groups_claim: claim, group_mappings: mappings, default_groups: defaults }: ProviderSettings,
): readonly string[] | null => {
  if (claim === '') return defaults;
  const value = own(claims, claim);
  if (value === undefined && isElsewhere(claims, claim)) return null;
  const values = Array.isArray(value) ? value : [value];
  const mapped = values.flatMap((one: unknown) =>
    typeof one === 'string' && Object.hasOwn(mappings, one) ? [mappings[one] ?? ''] : [],
  );
  return [...new Set(mapped.length > 0 ? mapped : defaults)].sort();
};

/** The address, if the provider vouches for it. */
export const verifiedEmail = (
  claims: Claims,
  { trust_emails: trusts }: Pick<ProviderSettings, 'trust_emails'>,
): string =>
  own(claims, 'email_verified') === true || (trusts && own(claims, 'email_verified') === undefined)
    ? textClaim(claims, 'email')
    : '';
