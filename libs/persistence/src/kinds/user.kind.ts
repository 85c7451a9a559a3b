import { Schema } from 'mongoose';
import type { ResourceRow } from '../resources/resource-row';
import { defineKind } from './kind';

export interface UserRow extends ResourceRow {
  /** Lower case. */
  readonly email: string;
  readonly active: boolean;
  /** sha256 of the access key, hex. */
  readonly accessKeyHash: string;
  /** Argon2id, or bcrypt on imported users; empty when the user has no password. */
  readonly passwordHash: string;
  /** The user's own rights; those of the groups come to them. */
  readonly grants: Readonly<Record<string, string>>;
  /** 24-hex ids of the groups that the user is in; absent in rows of a time before there were groups. */
  readonly groupIds?: readonly string[];
  /** Who the user is at a provider of identities: the provider's id and its subject; absent for nobody there. */
  readonly identity?: string;
  /** Those of the groups that the provider gives, and takes again at a later login. */
  readonly providedGroupIds?: readonly string[];
  /** A program's account, that nobody can log in as; absent for a person's. */
  readonly service?: boolean;
  /** Requests a minute; absent for what the installation says. */
  readonly rateLimit?: number;
  /** Name and address as searches look at them: in lower case. */
  readonly searchText: string;
}

/** People. Their history says who changed what and when, and keeps no word of what they are called. */
export const userKind = defineKind<UserRow>({
  name: 'user',
  noun: 'User',
  plural: 'Users',
  called: 'user',
  permission: 'users',
  collection: 'users',
  fields: {
    email: { type: String, required: true },
    active: { type: Boolean, required: true },
    accessKeyHash: { type: String, required: true },
    passwordHash: { type: String, default: '' },
    grants: { type: Schema.Types.Mixed, required: true },
    groupIds: { type: [String], default: [] },
    identity: { type: String },
    providedGroupIds: { type: [String], default: undefined },
    service: { type: Boolean },
    rateLimit: { type: Number },
    searchText: { type: String, default: '' },
  },
  indexes: [
    [{ accessKeyHash: 1 }, { unique: true }],
    [{ orgId: 1, email: 1 }, { unique: true }],
    [{ email: 1 }],
    [{ orgId: 1, groupIds: 1 }],
    [{ identity: 1 }, { unique: true, sparse: true }],
    [{ orgId: 1, createdAt: 1, _id: 1 }],
  ],
  refersTo: ['user_group'],
  embeds: [],
  history: 'digests',
  shown: [
    'active',
    'user_permissions',
    'group_ids',
    'key_renewals',
    'service_account',
    'rate_limit',
    'provided_groups',
  ],
  served: null,
  documents: null,
  counted: false,
});
