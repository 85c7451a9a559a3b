import type { ModelDefinition } from '@nestjs/mongoose';
import { Schema, type IndexDefinition, type IndexOptions, type SchemaDefinition } from 'mongoose';
import { ownerFields, type NodeItem } from '@castellan/tyk';
import { resourceRowFields, rowSchemaOptions, type Head, type ResourceRow } from '../resources/resource-row';

/** How much of a resource its history keeps: whole documents, or only that and by whom it was changed, or nothing. */
type HistoryMode = 'documents' | 'digests' | 'none';

/** What nodes are told when what they are served of a resource has changed. */
type NodeCommands = Readonly<Record<'create' | 'update' | 'delete', string>>;

/** What nodes get of the resources of a kind. */
interface ServedToNodes {
  readonly commands: NodeCommands;
  /**
   * What a node is served of a document: its bytes and whatever decides about its place, or null when it is not served.
   * Two documents that give the same are the same to every node, and no node reloads for one in the place of the other.
   */
  readonly of: (document: string) => NodeItem | null;
}

/** How a kind takes part in configuration documents: exports, imports and their subsets. */
interface Documents {
  /** The name of its section there. */
  readonly section: string;
  /** What its entries are and by what they are named, for the description of the document. */
  readonly description: string;
  /** By what subsets can tell its resources apart. */
  readonly subsets: { readonly tags: boolean; readonly category: boolean };
}

/** What a kind of resource says of itself, once. Everything that has to know all kinds reads it from here. */
export interface KindDefinition<Row extends ResourceRow> {
  /** As revisions, audit records, plans and events name it: singular. */
  readonly name: string;
  /** As operation ids and audit actions name it. */
  readonly noun: string;
  readonly plural: string;
  /** As people read it in a sentence. */
  readonly called: string;
  /** The section of permissions that opens it; null for what only the operator comes to. */
  readonly permission: string | null;
  /** Where its collection is and what is lifted out of the document for queries and unique indexes. */
  readonly collection: string;
  /** Its resources are no rows of the common shape: it has no model here, and who keeps them says how they go with an organisation. */
  readonly elsewhere?: true;
  readonly fields: SchemaDefinition;
  readonly indexes: readonly (readonly [IndexDefinition, IndexOptions?])[];
  /** The id of its own by which a resource can be named beside its database id; absent for kinds that have none. */
  readonly keyOf?: (row: Head<Row>) => string;
  /** Kinds whose resources its own name: those are drafted before it, and deleted after it. */
  readonly refersTo: readonly string[];
  /** Those among them of which its resources hold copies: a change of one is written after its copies. */
  readonly embeds: readonly string[];
  readonly history: HistoryMode;
  /** Of a history without documents, the fields whose values the audit log may show all the same. */
  readonly shown?: readonly string[];
  /** Fields of the document that say who has rights in the resource; a rollback of its content leaves them. */
  readonly rights?: readonly string[];
  /** Null for kinds of which nodes know nothing. */
  readonly served: ServedToNodes | null;
  /** Null for kinds that are no part of an organisation's configuration document. */
  readonly documents: Documents | null;
  /** Whether the organisation's rows are counted as they come and go, so that a limit costs no look at them. */
  readonly counted: boolean;
}

/** What those who handle kinds of every sort know of one. */
export type AnyKind = Omit<KindDefinition<ResourceRow>, 'keyOf'> & {
  readonly keyOf: (row: Head<ResourceRow>) => string | null;
};

/** A kind that configuration documents have a section of. */
export type DocumentKind = AnyKind & { readonly documents: Documents };

const registry = new Map<string, AnyKind>();

/** States a kind; one file does it for each. */
export const defineKind = <Row extends ResourceRow>(kind: KindDefinition<Row>): KindDefinition<Row> => kind;

/** Makes a kind known to everything that goes over all kinds. @throws TypeError for a name that another kind has */
export const registerKind = <Row extends ResourceRow>(kind: KindDefinition<Row>): void => {
  if (registry.has(kind.name)) throw new TypeError(`There are two kinds named ${kind.name}`);
  const { keyOf, ...rest } = kind;
  registry.set(kind.name, {
    ...rest,
    // Rows of a kind come from its own store; the registry alone does not carry their type.
    keyOf: (row) => keyOf?.(row as Head<Row>) ?? null,
  });
};

/** Every kind, in the order in which they were registered. */
export const allKinds = (): readonly AnyKind[] => [...registry.values()];

/** Their names, as revisions, audit records and events have them. */
export const kindNames = (): readonly string[] => allKinds().map(({ name }) => name);

/** The kinds whose resources may belong to people: with the fields of owners among those of rights. */
export const ownedKinds = (): readonly AnyKind[] =>
  allKinds().filter(({ rights = [] }) => ownerFields.every((field) => rights.includes(field)));

/** The kinds that configuration documents have sections of, in the order of the sections. */
export const documentKinds = (): readonly DocumentKind[] =>
  allKinds().flatMap(({ documents, ...kind }) => (documents === null ? [] : [{ ...kind, documents }]));

/** @throws TypeError when there is no such kind */
export const kindNamed = (name: string): AnyKind => {
  const kind = registry.get(name);
  if (kind === undefined) throw new TypeError(`There is no kind named ${name}`);
  return kind;
};

/** Mongoose's model of a kind: its name, and the schema of its rows. */
export const modelOf = ({
  name,
  collection,
  fields,
  indexes,
}: Pick<KindDefinition<ResourceRow>, 'name' | 'collection' | 'fields' | 'indexes'>): Omit<ModelDefinition, 'schema'> & {
  readonly schema: Schema;
} => {
  const schema = new Schema({ ...resourceRowFields, ...fields }, { ...rowSchemaOptions, collection });
  for (const [index, options] of indexes) schema.index(index, options);
  return { name, schema };
};
