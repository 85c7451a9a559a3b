import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import { newObjectId, toObjectId, type KeyRow } from '@castellan/persistence';
import {
  generateToken,
  keyNames,
  readSession,
  sessionFacts,
  sessionForNodes,
  sessionName,
  writeSession,
  type KeyHashAlgorithm,
} from '@castellan/tyk';
import { factsOf } from '../src/keys/key-facts';
import type { KeyKeeper } from '../src/keys/key-keeper';

/** Where the writes of a test go. */
export interface Writing {
  readonly organisation: string;
  readonly keeper: KeyKeeper;
  readonly redis: Redis;
  readonly now: () => Date;
  /** Notes the row in the index. */
  readonly put: (row: KeyRow) => Promise<void>;
}

/** A key that is written as routes write it: the index first, then Redis. */
export class WrittenKey {
  readonly token: string;
  private readonly names: ReturnType<typeof keyNames>;
  private readonly id = newObjectId();
  private version = 0;
  private text: string | null = null;

  constructor(
    private readonly writing: Writing,
    algorithm: KeyHashAlgorithm | undefined,
  ) {
    this.token = generateToken(writing.organisation, randomBytes(16).toString('hex'), algorithm);
    this.names = keyNames({ token: this.token }, true);
  }

  /** Makes it, and changes it when it is there. */
  edit(alias: string): Promise<void> {
    const before = this.text ?? undefined;
    const session = { ...readSession(before ?? '{}'), alias, access_rights: { a: { versions: ['Default'] } } };
    const { organisation: organisationId, now } = this.writing;
    const context = { organisationId, now: now(), policies: [], resetsQuota: false };
    return this.write(writeSession(sessionForNodes(session, context), before));
  }

  delete(): Promise<void> {
    return this.write(null);
  }

  /** What Redis has to hold in the end: null for nothing. */
  get alias(): string | null {
    return aliasIn(this.text);
  }

  async stored(): Promise<string | null> {
    return aliasIn(await this.storedText());
  }

  storedText(): Promise<string | null> {
    return this.writing.redis.get(sessionName(this.names.main));
  }

  private async write(text: string | null): Promise<void> {
    const { organisation, keeper, now, put } = this.writing;
    this.text = text;
    this.version += 1;
    const row: KeyRow = {
      ...{ _id: this.id, orgId: toObjectId(organisation), version: this.version, hash: this.names.main },
      ...{ copies: this.names.copies, announced: this.names.announced, sealed: '', username: '', createdBy: '' },
      ...factsOf(sessionFacts(readSession(text ?? '') ?? {})),
      ...{ createdAt: now(), updatedAt: now(), deletedAt: text === null ? now() : null },
      pending: { wanted: text, due: keeper.due(), repeats: 0 },
    };
    await put(row);
    await keeper.apply(row);
  }
}

const aliasIn = (text: string | null): string | null =>
  text === null ? null : sessionFacts(readSession(text) ?? {}).alias;
