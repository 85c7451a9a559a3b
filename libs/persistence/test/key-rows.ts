import { createConnection, type Connection, type Model } from 'mongoose';
import { freshDatabaseUri } from '../../../test/support/test-services';
import { newObjectId } from '../src/ids';
import { inTransaction } from '../src/in-transaction';
import { keyBlockSchema, KeyBlocks, type KeyBlockRow } from '../src/keys/key-blocks';
import { KeyIndex } from '../src/keys/key-index';
import { keySchema, type KeyRow } from '../src/keys/key-row';

let made = 0;

/** A row of a new key, as services make it. */
export const keyRow = (fields: Partial<KeyRow> & Pick<KeyRow, 'orgId'>): KeyRow => ({
  ...{ _id: newObjectId(), version: 1, hash: `hash-${(made += 1)}`, copies: [], announced: [], sealed: '' },
  ...{ alias: '', username: '', apiIds: [], policyIds: [], tags: [], certificate: '', certificates: [] },
  ...{ oauthClient: '', inactive: false, createdBy: 'ada', createdAt: new Date(), updatedAt: new Date() },
  ...{ expiresAt: null, deletedAt: null, pending: null },
  ...fields,
});

class SmallBlocks extends KeyBlocks {
  protected override readonly full = 20;
}

/** An index of keys in a database of its own. */
export class OwnKeyIndex {
  private constructor(
    readonly connection: Connection,
    readonly keys: Model<KeyRow>,
    readonly blocks: Model<KeyBlockRow>,
    readonly index: KeyIndex,
  ) {}

  static async open(): Promise<OwnKeyIndex> {
    const connection = await createConnection(freshDatabaseUri(), { autoIndex: false, autoCreate: false }).asPromise();
    const keys = connection.model<KeyRow>('key', keySchema);
    const blocks = connection.model<KeyBlockRow>('keyBlock', keyBlockSchema);
    await Promise.all([keys.createCollection(), blocks.createCollection()]);
    await Promise.all([keys.createIndexes(), blocks.createIndexes()]);
    return new OwnKeyIndex(connection, keys, blocks, new KeyIndex(keys, new SmallBlocks(blocks)));
  }

  async close(): Promise<void> {
    await this.connection.dropDatabase();
    await this.connection.close();
  }

  insert(rows: readonly KeyRow[]): Promise<void> {
    return inTransaction(this.connection, (session) => this.index.insert(rows, session));
  }
}
