import { isDeepStrictEqual } from 'node:util';
import { newObjectId, userSearchText, type Draft, type SignInRow, type UserRow } from '@castellan/persistence';
import type { Grants } from '@castellan/rbac';
import { isJsonObject, numberAt, parseJson, textAt, type JsonObject } from '@castellan/tyk';
import { isSuperUser } from '../auth/user-rights';
import { normalisedEmail } from './email-address';
import type { UserDto, UserFields } from './user.dto';

/** What a user is to become; whatever is undefined stays as it is. */
export interface UserState {
  readonly fields: UserFields & { readonly email_address?: string | null };
  readonly grants: Grants;
  readonly groupIds: readonly string[];
  readonly accessKeyHash?: string;
  readonly passwordHash?: string;
}

/** The user's document. */
const storedUser = ({ document }: Pick<UserRow, 'document'>): JsonObject => {
  const stored = parseJson(document);
  return isJsonObject(stored) ? stored : {};
};

/**
 * The groups that a body asks for. Newer clients send all of them, as `group_ids` or `groups_ids`. Older ones know a single
 * one, and send back what they were shown: that changes nothing, however many groups there are.
 */
export const groupIdsAskedFor = (fields: UserFields, current: readonly string[]): readonly string[] => {
  const all = fields.group_ids ?? fields.groups_ids;
  if (all != null) return distinct(all);
  const one = fields.group_id;
  if (one == null || one.toLowerCase() === (current[0] ?? '')) return current;
  return distinct([one]);
};

const distinct = (ids: readonly string[]): readonly string[] => [
  ...new Set(ids.map((id) => id.trim().toLowerCase()).filter((id) => id !== '')),
];

/** Whether a change gives another address, other rights or other groups, or switches on who is off. */
export const isWayIn = (fields: UserState['fields'], current: UserRow): boolean => {
  const { email_address: address, user_permissions: rights, active } = fields;
  const groupIds = current.groupIds ?? [];
  return (
    (address != null && normalisedEmail(address) !== current.email) ||
    (rights != null && !isDeepStrictEqual({ ...rights }, { ...current.grants })) ||
    groupIdsAskedFor(fields, groupIds).join() !== groupIds.join() ||
    (active === true && !current.active)
  );
};

/** The row that a state makes, in the place of the current one if there is any. */
export const userDraft = (
  state: UserState,
  current: UserRow | null,
  _id = current?._id ?? newObjectId(),
): Draft<UserRow> => {
  const { fields, grants, groupIds, accessKeyHash, passwordHash } = state;
  const before = current === null ? {} : storedUser(current);
  const email = fields.email_address == null ? (current?.email ?? '') : normalisedEmail(fields.email_address);
  const active = fields.active ?? current?.active ?? true;
  const renewals = numberAt(before, 'key_renewals') + Number(current !== null && accessKeyHash !== undefined);
  const { service, rateLimit } = limitsAfter(fields, current);
  const document: JsonObject = {
    ...before,
    first_name: fields.first_name ?? textAt(before, 'first_name'),
    last_name: fields.last_name ?? textAt(before, 'last_name'),
    email_address: email,
    active,
    user_permissions: { ...grants },
    group_ids: [...groupIds],
    password_max_days: fields.password_max_days ?? numberAt(before, 'password_max_days'),
    key_renewals: renewals,
    service_account: service,
    rate_limit: rateLimit,
  };
  return {
    _id,
    document: JSON.stringify(document),
    email,
    active,
    grants,
    groupIds,
    searchText: userSearchText(document),
    ...(current?.identity === undefined ? {} : { identity: current.identity }),
    ...(current?.providedGroupIds === undefined ? {} : { providedGroupIds: current.providedGroupIds }),
    ...(service ? { service } : {}),
    ...(rateLimit > 0 ? { rateLimit } : {}),
    accessKeyHash: accessKeyHash ?? current?.accessKeyHash ?? '',
    passwordHash: passwordHash ?? current?.passwordHash ?? '',
  };
};

/** Whether the account is a program's, and how many requests a minute it has to itself; 0 for no limit of its own. */
export const limitsAfter = (
  fields: UserFields,
  current: Pick<UserRow, 'service' | 'rateLimit'> | null,
): { readonly service: boolean; readonly rateLimit: number } => ({
  service: fields.service_account ?? current?.service ?? false,
  rateLimit: fields.rate_limit ?? current?.rateLimit ?? 0,
});

/** What stands for a moment that there has not been yet, as programs in Go write it. */
const never = new Date('0001-01-01T00:00:00Z');

/** Without milliseconds where there are none: the original writes "never" so, and clients compare it. */
const written = (at: Date): string => at.toISOString().replace('.000Z', 'Z');

/**
 * As replies show a user.
 *
 * @param accessKey only in the reply that makes it
 */
export const presentUser = (
  row: UserRow,
  { lastLoginAt = never, passwordChangedAt = row.createdAt }: SignInRow,
  accessKey = '',
): UserDto => {
  const stored = storedUser(row);
  return {
    api_model: {},
    first_name: textAt(stored, 'first_name'),
    last_name: textAt(stored, 'last_name'),
    email_address: row.email,
    org_id: isSuperUser(row) ? '' : row.orgId.toString(),
    active: row.active,
    id: row._id.toString(),
    access_key: accessKey,
    user_permissions: row.grants,
    group_id: row.groupIds?.[0] ?? '',
    password_max_days: numberAt(stored, 'password_max_days'),
    created_at: row.createdAt.toISOString(),
    last_login_date: written(lastLoginAt),
    password_updated: written(row.passwordHash === '' ? never : passwordChangedAt),
  };
};
