import { defineKind, modelOf, ownedFields, registerKind, type Owned, type ResourceRow } from '@castellan/persistence';
import { flagAt, isJsonObject, ownerFields, parseJson, textAt } from '@castellan/tyk';

export interface ToyRow extends ResourceRow, Owned {
  /** The id of its own. Unique in the installation. */
  readonly toyId: string;
  readonly name: string;
  readonly shown: boolean;
}

/** A kind that only tests have: what it takes to add one. */
export const toyKind = defineKind<ToyRow>({
  name: 'toy',
  noun: 'Toy',
  plural: 'Toys',
  called: 'toy',
  permission: 'api_assets',
  collection: 'toys',
  fields: {
    toyId: { type: String, required: true },
    name: { type: String, required: true },
    shown: { type: Boolean, required: true },
    ...ownedFields,
  },
  indexes: [[{ toyId: 1 }, { unique: true }]],
  keyOf: ({ toyId }) => toyId,
  refersTo: ['policy'],
  embeds: [],
  history: 'documents',
  rights: ownerFields,
  served: {
    commands: { create: 'GroupReload', update: 'GroupReload', delete: 'GroupReload' },
    of: (document) => {
      const toy = parseJson(document);
      return isJsonObject(toy) && flagAt(toy, 'shown') ? { text: textAt(toy, 'name'), rank: 0 } : null;
    },
  },
  documents: {
    section: 'toys',
    description: 'Toys, by `toy_id`',
    subsets: { tags: false, category: false },
  },
  counted: true,
});

registerKind(toyKind);

export const toyModel = modelOf(toyKind);
