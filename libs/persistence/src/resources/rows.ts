import { Schema } from 'mongoose';
import { resourceRowFields, rowSchemaOptions, type ResourceRow } from './resource-row';

export interface OrganisationRow extends ResourceRow {
  readonly name: string;
  readonly slug: string;
  /** Refuse writes without `If-Match`. */
  readonly requireIfMatch: boolean;
  /** Let APIs share a slug, as Tyk's `enable_duplicate_slugs` does. */
  readonly allowDuplicateSlugs: boolean;
  /** Let active APIs share a listen path and domain; gateways then rename one of them. */
  readonly allowDuplicatePaths: boolean;
  /** Take policies whose APIs do not exist yet, as tyk-sync sends them since 1.2. */
  readonly allowUnknownApis: boolean;
}

export const organisationSchema = new Schema<OrganisationRow>(
  {
    ...resourceRowFields,
    name: { type: String, required: true },
    slug: { type: String, default: '' },
    requireIfMatch: { type: Boolean, default: false },
    allowDuplicateSlugs: { type: Boolean, default: false },
    allowDuplicatePaths: { type: Boolean, default: false },
    allowUnknownApis: { type: Boolean, default: false },
  },
  { ...rowSchemaOptions, collection: 'organisations' },
).index({ name: 1, _id: 1 });

export interface UserRow extends ResourceRow {
  /** Lower case. */
  readonly email: string;
  readonly active: boolean;
  /** sha256 of the access key, hex. */
  readonly accessKeyHash: string;
  /** Argon2id, or bcrypt on imported users; empty when the user has no password. */
  readonly passwordHash: string;
  readonly grants: Readonly<Record<string, string>>;
}

export const userSchema = new Schema<UserRow>(
  {
    ...resourceRowFields,
    email: { type: String, required: true },
    active: { type: Boolean, required: true },
    accessKeyHash: { type: String, required: true },
    passwordHash: { type: String, default: '' },
    grants: { type: Schema.Types.Mixed, required: true },
  },
  { ...rowSchemaOptions, collection: 'users' },
)
  .index({ accessKeyHash: 1 }, { unique: true })
  .index({ orgId: 1, email: 1 }, { unique: true });

export interface ApiRow extends ResourceRow {
  readonly apiId: string;
  readonly name: string;
  /** The name as lists search it and sort by it: in lower case. */
  readonly nameKey: string;
  readonly slug: string;
  readonly listenPath: string;
  readonly domain: string;
  readonly active: boolean;
  readonly tags: readonly string[];
  /** What the API claims of the gateways' address space; absent when it claims nothing. Unique across organisations. */
  readonly claims?: readonly string[];
  /** Where the API listens, whatever its tags; absent when it claims nothing. */
  readonly addresses?: readonly string[];
  /** The slug, while slugs have to be unique. */
  readonly slugClaim?: string;
  readonly categories: readonly string[];
  readonly authTypes: readonly string[];
  readonly apiTypes: readonly string[];
  /** 24-hex ids of the web hooks it refers to. */
  readonly hookIds: readonly string[];
  readonly userOwners: readonly string[];
  readonly groupOwners: readonly string[];
  readonly isOas: boolean;
  /** `api_id`s of the APIs that are versions of this one; absent when there are none. */
  readonly versionIds?: readonly string[];
}

export const apiSchema = new Schema<ApiRow>(
  {
    ...resourceRowFields,
    apiId: { type: String, required: true },
    name: { type: String, required: true },
    nameKey: { type: String, required: true },
    slug: { type: String, default: '' },
    listenPath: { type: String, required: true },
    domain: { type: String, default: '' },
    active: { type: Boolean, required: true },
    tags: { type: [String], default: [] },
    claims: { type: [String], default: undefined },
    addresses: { type: [String], default: undefined },
    slugClaim: { type: String },
    categories: { type: [String], default: [] },
    authTypes: { type: [String], default: [] },
    apiTypes: { type: [String], default: [] },
    hookIds: { type: [String], default: [] },
    userOwners: { type: [String], default: [] },
    groupOwners: { type: [String], default: [] },
    isOas: { type: Boolean, default: false },
    versionIds: { type: [String], default: undefined },
  },
  { ...rowSchemaOptions, collection: 'apis' },
)
  // Gateways know an API by its api_id alone, whatever its organisation.
  .index({ apiId: 1 }, { unique: true })
  .index({ claims: 1 }, { unique: true, sparse: true })
  .index({ addresses: 1 }, { sparse: true })
  .index({ orgId: 1, slugClaim: 1 }, { unique: true, partialFilterExpression: { slugClaim: { $exists: true } } })
  // Lists come from memory, so no index has their orders.
  .index({ orgId: 1 })
  .index({ orgId: 1, hookIds: 1 })
  .index({ versionIds: 1 }, { sparse: true });

export interface PolicyRow extends ResourceRow {
  /** The id that nodes and keys use: the explicit one, or the row's. */
  readonly policyId: string;
  readonly name: string;
  readonly active: boolean;
  /** `api_id`s that it gives access to. */
  readonly apiIds: readonly string[];
  readonly tags: readonly string[];
}

export const policySchema = new Schema<PolicyRow>(
  {
    ...resourceRowFields,
    policyId: { type: String, required: true },
    name: { type: String, required: true },
    active: { type: Boolean, required: true },
    apiIds: { type: [String], default: [] },
    tags: { type: [String], default: [] },
  },
  { ...rowSchemaOptions, collection: 'policies' },
)
  // Gateways serve every organisation, and up to 5.12 they know a policy by this id alone.
  .index({ policyId: 1 }, { unique: true })
  .index({ orgId: 1, apiIds: 1 })
  .index({ orgId: 1, createdAt: -1, _id: -1 });

export interface WebhookRow extends ResourceRow {
  readonly name: string;
  /** The id that goes with the hook when it moves to another installation. */
  readonly webhookId?: string;
  /** Counts the writes of APIs that refer to the hook; see `WebhookStore.hold`. */
  readonly holds?: number;
}

export const webhookSchema = new Schema<WebhookRow>(
  {
    ...resourceRowFields,
    name: { type: String, required: true },
    webhookId: { type: String },
    holds: { type: Number },
  },
  { ...rowSchemaOptions, collection: 'webhooks' },
)
  .index({ orgId: 1, webhookId: 1 }, { unique: true, partialFilterExpression: { webhookId: { $exists: true } } })
  .index({ orgId: 1, createdAt: -1, _id: -1 });
