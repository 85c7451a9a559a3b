import type { ClientSession, Types } from 'mongoose';
import type { FieldError } from '@castellan/dto';
import type { Draft, Head, OrganisationId, ResourceKindName, ResourceRow } from '@castellan/persistence';
import type { JsonObject } from '@castellan/tyk';
import type { ResourceTransaction } from '../../resources/resource-transaction';

/** The sections of a configuration document, in their order there; permissions have the same names. */
export const sectionNames = ['apis', 'policies', 'hooks'] as const;
export type SectionName = (typeof sectionNames)[number];

/** By what a document names a resource; each is empty where the document does not say. */
export interface Identity {
  /** The row's id, 24 hex digits. */
  readonly id: string;
  /** The id by which others refer to it: `api_id`, a policy's explicit id. */
  readonly key: string;
}

/** What decides about a resource beside its content, whether it is stored or about to be. */
export interface Facts {
  readonly key: string;
  readonly name: string;
  /** Null for kinds that have none. */
  readonly tags: readonly string[] | null;
  readonly categories: readonly string[] | null;
  /** What it claims of the gateways' address space. */
  readonly claims: readonly string[];
  /** The slug, where slugs have to be unique. */
  readonly slug: string | null;
  /** Ids of the web hooks that it refers to. */
  readonly hookIds: readonly string[];
  /** The `api_id`s of its versions. */
  readonly versionIds: readonly string[];
}

export interface Existing extends Facts {
  readonly _id: Types.ObjectId;
  readonly digest: string;
}

/** A resource as it is going to be: ready to be written, and what decides about it. */
export interface Drafted {
  readonly draft: Draft<ResourceRow>;
  readonly facts: Facts;
}

/** A resource that an import wants to have, with the path of its entry in the document. */
export interface Wanted extends Facts {
  readonly _id: Types.ObjectId;
  readonly path: string;
  readonly isNew: boolean;
}

/** What a resource of an import asks for, and something else has. */
export interface Taken extends FieldError {
  readonly code: 'api_id_conflict' | 'listen_path_conflict' | 'slug_conflict' | 'id_conflict' | 'validation_failed';
  /** Names what has it, where that belongs to the same organisation. */
  readonly meta: unknown;
}

/** One kind of resource, as exports and imports see it. */
export interface TransferKind {
  readonly name: SectionName;
  readonly rowKind: ResourceKindName;
  /** Where a document says the id, for errors. */
  readonly idPath: string;

  /** Everything the organisation has of it, without the documents. */
  existing(organisation: OrganisationId, session: ClientSession): Promise<readonly Existing[]>;
  /** Some of it, or all, whole. */
  rows(
    organisation: OrganisationId,
    ids: readonly Types.ObjectId[] | null,
    session: ClientSession,
  ): Promise<readonly ResourceRow[]>;

  identityOf(content: JsonObject): Identity;
  /** The content with the identity and the organisation in it, as it would be stored. */
  withIdentity(content: JsonObject, identity: Identity, organisation: OrganisationId): JsonObject;
  /** A stored document without its organisation, so that another one may take it. */
  portable(document: JsonObject, organisation: OrganisationId): JsonObject;

  /** @throws ValidationFailed */
  parse(content: JsonObject): JsonObject;
  /**
   * What the content makes if it is all that was ever said of the resource; `stored` is what it was until now.
   *
   * @throws ValidationFailed
   */
  draft(
    transaction: ResourceTransaction,
    content: JsonObject,
    id: Types.ObjectId,
    stored: JsonObject | null,
  ): Promise<Drafted>;
  /** The first version of new rows that existed before, by hex id. */
  firstVersions(
    organisation: OrganisationId,
    ids: readonly Types.ObjectId[],
    session: ClientSession,
  ): Promise<ReadonlyMap<string, number>>;
  /** Refuses when the organisation would hold too many. @throws CastellanError */
  admit(total: number): void;
  /** What keeps some from being deleted and is not looked at when they are: that would take too long for each. */
  usersOf(organisation: OrganisationId, deleted: readonly Existing[]): Promise<readonly FieldError[]>;
  /** What resources of other organisations have of that which has to be unique everywhere. */
  takenElsewhere(
    organisation: OrganisationId,
    wanted: readonly Wanted[],
    session: ClientSession,
  ): Promise<readonly Taken[]>;

  /** Lets go of what must be unique, so that others of the same import may take it. */
  release(organisation: OrganisationId, ids: readonly Types.ObjectId[], session: ClientSession): Promise<void>;
  /** Gives a row again what it claims by these facts; false when something else has it now. */
  reclaim(organisation: OrganisationId, id: Types.ObjectId, facts: Pick<Facts, 'claims' | 'slug'>): Promise<boolean>;

  /** Writes a drafted row in the place of the one with its id. @throws DuplicateKey, CastellanError */
  put(transaction: ResourceTransaction, draft: Draft<ResourceRow>, version: number): Promise<void>;
  /** @throws Conflict while something refers to it */
  remove(transaction: ResourceTransaction, id: Types.ObjectId): Promise<void>;
  /** Makes a row what it was before an import: as given, but without its claims, or not there at all. */
  putBack(transaction: ResourceTransaction, id: Types.ObjectId, before: ResourceRow | null): Promise<void>;
  /** What a row claimed. */
  claimsOf(row: Head<ResourceRow>): Pick<Facts, 'claims' | 'slug'>;
  /** Says what is in the way when a unique index refuses a write. */
  explain(error: unknown, organisation: OrganisationId): Promise<unknown>;
}
