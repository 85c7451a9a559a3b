import { isJsonObject, listAt, objectAt, ownField, parseJson, textAt, type JsonObject } from '@castellan/tyk';
import type { Draft, IdentityProviderRow } from '@castellan/persistence';

/** How people of a provider come in, as the document of the provider says it. */
export interface ProviderSettings {
  readonly name: string;
  readonly active: boolean;
  readonly issuer: string;
  readonly client_id: string;
  readonly scopes: string;
  readonly id_token_alg: string;
  /** The claim that lists groups; empty when groups are none of the provider's business. */
  readonly groups_claim: string;
  /** What a value of the claim stands for: the id of a user group. */
  readonly group_mappings: Readonly<Record<string, string>>;
  /** Groups of those for whom no value stands for one. */
  readonly default_groups: readonly string[];
  readonly create_users: boolean;
  readonly link_users: boolean;
  readonly trust_emails: boolean;
  readonly use_userinfo: boolean;
}

const documentOf = ({ document }: Pick<IdentityProviderRow, 'document'>): JsonObject => {
  const stored = parseJson(document);
  return isJsonObject(stored) ? stored : {};
};

const texts = (values: readonly unknown[]): readonly string[] => values.filter((value) => typeof value === 'string');

export const settingsOf = (row: IdentityProviderRow): ProviderSettings => {
  const stored = documentOf(row);
  const flag = (name: string): boolean => ownField(stored, name) === true;
  const mappings = Object.entries(objectAt(stored, 'group_mappings')).flatMap(([value, group]) =>
    typeof group === 'string' ? [[value, group] as const] : [],
  );
  return {
    name: row.name,
    active: row.active,
    issuer: textAt(stored, 'issuer'),
    client_id: textAt(stored, 'client_id'),
    scopes: textAt(stored, 'scopes'),
    id_token_alg: textAt(stored, 'id_token_alg'),
    groups_claim: textAt(stored, 'groups_claim'),
    group_mappings: Object.fromEntries(mappings),
    default_groups: texts(listAt(stored, 'default_groups')),
    create_users: flag('create_users'),
    link_users: flag('link_users'),
    trust_emails: flag('trust_emails'),
    use_userinfo: flag('use_userinfo'),
  };
};

/** Sealed; empty for a client without one. */
export const sealedSecretOf = (row: Pick<IdentityProviderRow, 'document'>): string =>
  textAt(documentOf(row), 'client_secret');

/** The user groups that a body names: what values of the claim stand for, and those of everybody else. */
export const groupsNamedIn = (
  content: JsonObject,
): { readonly mappings: readonly (readonly [string, string])[]; readonly defaults: readonly string[] } => ({
  mappings: Object.entries(objectAt(content, 'group_mappings')).map(
    ([value, group]) => [value, typeof group === 'string' ? group : ''] as const,
  ),
  defaults: texts(listAt(content, 'default_groups')),
});

/** The row of a provider. What is not said is as the document says; the secret is sealed. */
export const providerDraft = (
  _id: IdentityProviderRow['_id'],
  content: JsonObject,
  sealedSecret: string,
): Draft<IdentityProviderRow> => {
  const textOr = (field: string, otherwise: string): string => {
    const value = ownField(content, field);
    return typeof value === 'string' ? value : otherwise;
  };
  const flag = (field: string): boolean => ownField(content, field) === true;
  const { mappings, defaults } = groupsNamedIn(content);
  const name = textAt(content, 'name');
  const active = (ownField(content, 'active') ?? true) === true;
  const document = {
    name,
    active,
    issuer: textAt(content, 'issuer'),
    client_id: textAt(content, 'client_id'),
    client_secret: sealedSecret,
    scopes: textOr('scopes', 'openid email profile'),
    id_token_alg: textOr('id_token_alg', 'RS256'),
    groups_claim: textOr('groups_claim', ''),
    group_mappings: Object.fromEntries(mappings),
    default_groups: defaults,
    create_users: flag('create_users'),
    link_users: flag('link_users'),
    trust_emails: flag('trust_emails'),
    use_userinfo: flag('use_userinfo'),
  };
  return { _id, name, active, document: JSON.stringify(document) };
};
