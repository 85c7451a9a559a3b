import { isJsonObject, listAt, objectAt, ownField, parseJson, textAt, type JsonObject } from '@castellan/tyk';
import type { IdentityProviderRow } from '@castellan/persistence';

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
