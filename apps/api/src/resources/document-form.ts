import type { FieldError } from '@castellan/dto';
import type { Draft, Head, OrganisationId, ResourceRow } from '@castellan/persistence';
import type { JsonObject } from '@castellan/tyk';

/** By what a document names a resource; each is empty where the document does not say. */
export interface Identity {
  /** The row's id, 24 hex digits. */
  readonly id: string;
  /** The id by which others refer to it: `api_id`, a policy's explicit id. */
  readonly key: string;
}

/** What decides about a resource beside its content, whether it is stored or about to be. */
export interface Outline {
  readonly key: string;
  readonly name: string;
  /** Null for kinds that have none. */
  readonly tags: readonly string[] | null;
  readonly categories: readonly string[] | null;
  /** What it claims of the gateways' address space. */
  readonly claims: readonly string[];
  /** The slug, where slugs have to be unique. */
  readonly slug: string | null;
  /** Ids of the resources of which it holds copies. */
  readonly copies: readonly string[];
}

/** Of a kind that is alone in all that matters to others. */
export const plainOutline = (key: string, name: string): Outline => ({
  ...{ key, name, tags: null, categories: null },
  ...{ claims: [], slug: null, copies: [] },
});

/** A resource that there is, by its outline. */
export interface Existing extends Outline {
  readonly _id: ResourceRow['_id'];
  readonly digest: string;
}

/** How resources of a kind stand in documents that are exported and imported. */
export interface DocumentForm<Row extends ResourceRow> {
  /** Where a document says the id, for errors. */
  readonly idPath: string;
  /** Where a document names what it holds copies of, for errors. */
  readonly copiesPath?: string;
  identityOf(content: JsonObject): Identity;
  /** The content with the identity and the organisation in it, as it would be stored. */
  withIdentity(content: JsonObject, identity: Identity, organisation: OrganisationId): JsonObject;
  /** A stored document without its organisation, so that another one may take it. */
  portable(document: JsonObject, organisation: OrganisationId): JsonObject;
  outlineOf(row: Draft<Row> | Head<Row>): Outline;
  /** The row without what it claims for itself alone. */
  withoutClaims?(draft: Draft<Row>): Draft<Row>;
  /**
   * Contents that stand for what a document says of a stored resource, the first that changes nothing or the last: for kinds
   * that keep something in the document which says nothing about it, such as a date.
   */
  readings?(content: JsonObject, stored: JsonObject): readonly JsonObject[];
  /** What keeps some from being deleted and is asked for all at once: that would take too long for each. */
  usersOf?(organisation: OrganisationId, deleted: readonly Existing[]): Promise<readonly FieldError[]>;
}
