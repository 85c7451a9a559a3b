import { Schema } from 'mongoose';
import type { ResourceRow } from '../resources/resource-row';
import { defineKind } from './kind';

export interface UserGroupRow extends ResourceRow {
  readonly name: string;
  /** A group that is not active gives its members nothing. */
  readonly active: boolean;
  readonly grants: Readonly<Record<string, string>>;
}

/** Groups of users. Their members have the rights of the group beside their own. */
export const userGroupKind = defineKind<UserGroupRow>({
  name: 'user_group',
  noun: 'UserGroup',
  plural: 'UserGroups',
  called: 'user group',
  permission: 'user_groups',
  collection: 'user_groups',
  fields: {
    name: { type: String, required: true },
    active: { type: Boolean, required: true },
    grants: { type: Schema.Types.Mixed, required: true },
  },
  indexes: [[{ orgId: 1, createdAt: 1, _id: 1 }]],
  refersTo: [],
  embeds: [],
  history: 'digests',
  shown: ['name', 'description', 'active', 'password_max_days', 'user_permissions'],
  served: null,
  documents: null,
  counted: false,
});
