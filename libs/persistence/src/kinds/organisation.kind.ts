import { Schema } from 'mongoose';
import { noOrganisation, toObjectId } from '../ids';
import type { ResourceRow } from '../resources/resource-row';
import { defineKind } from './kind';

export interface OrganisationRow extends ResourceRow {
  readonly name: string;
  readonly slug: string;
  /** The slug while it is this organisation's alone: in lower case; absent for none. */
  readonly slugKey?: string;
  /** How many resources it may have, by the names of kinds; absent where nothing was said. */
  readonly quotas?: Readonly<Record<string, number>>;
  /** Refuse writes without `If-Match`. */
  readonly requireIfMatch: boolean;
  /** Let APIs share a slug, as Tyk's `enable_duplicate_slugs` does. */
  readonly allowDuplicateSlugs: boolean;
  /** Let active APIs share a listen path and domain; gateways then rename one of them. */
  readonly allowDuplicatePaths: boolean;
  /** Take policies whose APIs do not exist yet, as tyk-sync sends them since 1.2. */
  readonly allowUnknownApis: boolean;
  /** Let owners restrict who sees and changes APIs and policies. */
  readonly enableOwnership: boolean;
}

/** Tenants. A row belongs to itself. */
export const organisationKind = defineKind<OrganisationRow>({
  name: 'organisation',
  noun: 'Organisation',
  plural: 'Organisations',
  called: 'organisation',
  permission: null,
  collection: 'organisations',
  fields: {
    name: { type: String, required: true },
    slug: { type: String, default: '' },
    slugKey: { type: String },
    quotas: { type: Schema.Types.Mixed },
    requireIfMatch: { type: Boolean, default: false },
    allowDuplicateSlugs: { type: Boolean, default: false },
    allowDuplicatePaths: { type: Boolean, default: false },
    allowUnknownApis: { type: Boolean, default: false },
    enableOwnership: { type: Boolean, default: false },
  },
  indexes: [[{ name: 1, _id: 1 }], [{ slugKey: 1 }, { unique: true, sparse: true }]],
  refersTo: [],
  embeds: [],
  history: 'documents',
  served: null,
  documents: null,
  counted: false,
});

/** What holds for changes that are of no organisation: nothing of its own. There is no such row. */
export const rulesOfNone: OrganisationRow = {
  _id: toObjectId(noOrganisation),
  orgId: toObjectId(noOrganisation),
  version: 0,
  document: '{}',
  digest: '',
  createdAt: new Date(0),
  updatedAt: new Date(0),
  name: '',
  slug: '',
  requireIfMatch: false,
  allowDuplicateSlugs: false,
  allowDuplicatePaths: false,
  allowUnknownApis: false,
  enableOwnership: false,
};
