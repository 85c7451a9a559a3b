import { listAt, objectAt, textAt, type JsonObject } from '@castellan/tyk';
import type { Types } from 'mongoose';
import { slugKeyOf } from '../resources/stores';
import { liftAgain } from './lift-again';
import { putIntoBlocks } from '../keys/key-blocks';
import { noteWhatFinds } from '../keys/note-what-finds';
import { userSearchText } from '../people/search-text';
import type { Migration } from './migration';

const texts = (document: JsonObject, field: string): string[] =>
  listAt(document, field).filter((value) => typeof value === 'string');

/** Every migration, in order. A new one is added at the end. */
export const migrations: readonly Migration[] = [
  {
    number: 1,
    name: 'lift the names by which lists of APIs search and sort',
    run: async ({ connection }) => {
      await liftAgain(connection, 'apis', (document) => {
        const name = textAt(objectAt(document, 'api_definition'), 'name');
        return { name, nameKey: name.toLowerCase() };
      });
    },
  },
  {
    number: 2,
    name: 'lift the names and addresses by which users are searched',
    run: async ({ connection }) => {
      await liftAgain(connection, 'users', (document) => ({ searchText: userSearchText(document) }));
    },
  },
  {
    number: 3,
    name: 'lift the owners of policies',
    run: async ({ connection }) => {
      await liftAgain(connection, 'policies', (document) => ({
        userOwners: texts(document, 'user_owners'),
        groupOwners: texts(document, 'user_group_owners'),
      }));
    },
  },
  {
    number: 4,
    name: 'give each slug to the oldest organisation that has it',
    run: async ({ connection }) => {
      const organisations = connection.collection<{ slug: string }>('organisations');
      const seen = new Set<string>();
      for await (const { _id, slug } of organisations
        .find()
        .sort({ _id: 1 })
        .project<{ _id: Types.ObjectId; slug: string }>({ slug: 1 })) {
        const slugKey = slugKeyOf(slug);
        if (slugKey === undefined || seen.has(slugKey)) continue;
        seen.add(slugKey);
        await organisations.updateOne({ _id }, { $set: { slugKey } });
      }
    },
  },
  {
    number: 5,
    name: 'note which certificates keys name',
    run: async ({ connection }) => {
      const keys = connection.collection<{ certificate?: string }>('keys');
      // Those of other fields the next walk over all keys notes.
      for await (const { _id, certificate = '' } of keys.find({ certificates: { $exists: false } })) {
        await keys.updateOne({ _id }, { $set: { certificates: certificate === '' ? [] : [certificate] } });
      }
    },
  },
  {
    number: 6,
    name: 'keep sums of analytics some hundred to a document',
    // They are moved in the background, while they are merged. It is here so that an earlier program, which would know nothing
    // of what it finds and begin from zero, refuses to start.
    run: () => Promise.resolve(),
  },
  {
    number: 7,
    name: 'count keys in blocks',
    run: async ({ connection }) => {
      const owners = await connection.collection<{ orgId: Types.ObjectId }>('keys').distinct('orgId');
      for (const orgId of owners) await putIntoBlocks(connection, orgId);
    },
  },
  {
    number: 8,
    name: 'note in one place what keys are found by',
    run: ({ connection }) => noteWhatFinds(connection, {}),
  },
];
