import type { Draft, UserGroupRow } from '@castellan/persistence';
import type { Grants } from '@castellan/rbac';
import { flagAt, isJsonObject, numberAt, objectAt, ownField, parseJson, textAt, type JsonObject } from '@castellan/tyk';
import type { UserGroupDto } from './user-group.dto';

const storedGroup = ({ document }: Pick<UserGroupRow, 'document'>): JsonObject => {
  const stored = parseJson(document);
  return isJsonObject(stored) ? stored : {};
};

/** Whether a body says a field; null says nothing, as clients that send everything write it. */
const says = (content: JsonObject, field: string): boolean => (ownField(content, field) ?? null) !== null;

/** The rights that a body asks for; null where it does not say. */
export const grantsAskedFor = (content: JsonObject): JsonObject | null =>
  says(content, 'user_permissions') ? objectAt(content, 'user_permissions') : null;

/** The row of a group. What a change does not say stays as it is. */
export const groupDraft = (
  _id: UserGroupRow['_id'],
  content: JsonObject,
  grants: Grants,
  current: UserGroupRow | null,
): Draft<UserGroupRow> => {
  const before = current === null ? { active: true } : storedGroup(current);
  const holder = (field: string): JsonObject => (says(content, field) ? content : before);
  const name = textAt(holder('name'), 'name');
  const active = flagAt(holder('active'), 'active');
  const document: JsonObject = {
    name,
    description: textAt(holder('description'), 'description'),
    active,
    password_max_days: numberAt(holder('password_max_days'), 'password_max_days'),
    user_permissions: { ...grants },
  };
  return { _id, document: JSON.stringify(document), name, active, grants };
};

/** As replies show a group. */
export const presentGroup = (row: UserGroupRow): UserGroupDto => {
  const stored = storedGroup(row);
  return {
    active: row.active,
    description: textAt(stored, 'description'),
    id: row._id.toString(),
    name: row.name,
    org_id: row.orgId.toString(),
    password_max_days: numberAt(stored, 'password_max_days'),
    user_permissions: row.grants,
  };
};
