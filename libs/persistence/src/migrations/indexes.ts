import { createHash } from 'node:crypto';
import type { Connection, Model } from 'mongoose';

type AnyModel = Connection['models'][string];

/** Which indexes the models declare, in a form that two programs can compare. */
export const fingerprintOf = (models: readonly AnyModel[]): string => {
  const declared = models
    .map((model) => [model.collection.collectionName, model.schema.indexes()] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(declared)).digest('hex');
};

/** Makes every collection of a new database with its indexes: one command for each, all at once. */
export const createEverything = async (models: readonly AnyModel[]): Promise<void> => {
  await Promise.all(
    models.map(async (model) => {
      const indexes = model.schema.indexes().map(specificationOf);
      // Transactions cannot create collections, so even one without indexes exists beforehand.
      if (indexes.length === 0) await model.createCollection();
      else await model.collection.createIndexes(indexes);
    }),
  );
};

const specificationOf = ([key, options]: ReturnType<Model<unknown>['schema']['indexes']>[number]): {
  key: Record<string, 1 | -1>;
  name: string;
} => {
  const fields = Object.entries(key).map(([field, direction]) => [field, direction === -1 ? -1 : 1] as const);
  const name = fields.map(([field, direction]) => `${field}_${direction}`).join('_');
  // `background` has no meaning since MongoDB 4.2, and is not known to every server.
  const rest = Object.entries(options).filter(([option]) => option !== 'background');
  return { ...Object.fromEntries(rest), key: Object.fromEntries(fields), name };
};

/**
 * Makes the indexes of an existing database what the models declare: what is missing is made, and what is no longer
 * declared is dropped. What is right already is not touched: after a crash a transaction of the dead process may be open
 * for a minute yet, and making what exists would wait for it.
 */
export const alignEverything = async (models: readonly AnyModel[], existing: ReadonlySet<string>): Promise<void> => {
  await Promise.all(
    models.map(async (model) => {
      if (!existing.has(model.collection.collectionName)) await createEverything([model]);
      else await align(model);
    }),
  );
};

const align = async (model: AnyModel): Promise<void> => {
  const { toDrop, toCreate } = await model.diffIndexes();
  for (const name of toDrop) await model.collection.dropIndex(String(name));
  if (toCreate.length === 0) return;
  const wanted = model.schema.indexes().map(specificationOf);
  const missing = new Set(toCreate.map((key) => JSON.stringify(key)));
  const indexes = wanted.filter(({ key }) => missing.has(JSON.stringify(key)));
  if (indexes.length > 0) await model.collection.createIndexes(indexes);
};
