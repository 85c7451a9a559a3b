import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { ClientSession, Model, QueryFilter, Types } from 'mongoose';
import { modelNames } from '../models';
import { pieceOf, type Page, type Piece } from '../paging';
import { newChain, orgIdOf, type AuditChainRow, type AuditOwner } from './audit-chain';
import { auditQuery, pendingQuery, type AuditFilter, type AuditReach } from './audit-filter';
import type { AuditRow } from './rows';

/** The order of every list: the index { orgId, at, _id } read backwards, or, for all owners, { at, _id }. */
const newestFirst = { at: -1, _id: -1 } as const;
/** Rows that a cursor holds at a time; a row is a megabyte at most, mostly a thousandth of it. */
const cursorBatch = 100;

interface Waiting {
  readonly _id: null;
  readonly unsealed: number;
}

/** Reads the audit log, always of a given owner. Only the recorder writes records, and only the ledger seals and prunes them. */
@Injectable()
export class AuditStore {
  constructor(
    @InjectModel(modelNames.audit) private readonly model: Model<AuditRow>,
    @InjectModel(modelNames.auditChain) private readonly chains: Model<AuditChainRow>,
  ) {}

  /** The newest first. */
  async page(
    reach: AuditReach,
    filter: AuditFilter,
    piece: Pick<Piece, 'place' | 'pageSize'>,
  ): Promise<Page<AuditRow>> {
    return pieceOf(this.model, auditQuery(reach, filter), { ...piece, sort: newestFirst }, () =>
      this.count(reach, filter),
    );
  }

  /** How many records match. Without a filter that is read from the ends of the chain, not counted. */
  async count(reach: AuditReach, filter: AuditFilter): Promise<number> {
    if (Object.keys(filter).length > 0) return this.model.countDocuments(auditQuery(reach, filter)).exec();
    if (reach === 'all') return this.model.estimatedDocumentCount().exec();
    const { chain, unsealed } = await this.state(reach);
    return chain.count - chain.prunedTo + unsealed;
  }

  async get(reach: AuditReach, id: Types.ObjectId): Promise<AuditRow | null> {
    return this.model
      .findOne({ ...auditQuery(reach, {}), _id: id })
      .lean<AuditRow>()
      .exec();
  }

  /** Everything that matches, the newest first, however much it is. */
  all(reach: AuditReach, filter: AuditFilter): AsyncIterable<AuditRow> {
    return this.stream(auditQuery(reach, filter), newestFirst);
  }

  /** Both ends of the owner's chain, as at the beginning when nothing was ever sealed. */
  async chain(owner: AuditOwner, session: ClientSession | null = null): Promise<AuditChainRow> {
    const row = await this.chains.findById(owner).session(session).lean<AuditChainRow>().exec();
    return row ?? newChain(owner);
  }

  /** Both ends of the owner's chain, and how many records wait for the sealer, at the same moment and in one command. */
  async state(owner: AuditOwner): Promise<{ readonly chain: AuditChainRow; readonly unsealed: number }> {
    const found = await this.model
      .aggregate<AuditChainRow | Waiting>([
        { $match: pendingQuery(owner) },
        { $group: { _id: null, unsealed: { $sum: 1 } } },
        { $unionWith: { coll: this.chains.collection.collectionName, pipeline: [{ $match: { _id: owner } }] } },
      ])
      // What the sealer moves from one side to the other meanwhile is counted once.
      .readConcern('snapshot')
      .exec();
    const waiting = found.find((one) => 'unsealed' in one);
    const chain = found.find((one) => 'seal' in one);
    return { chain: chain ?? newChain(owner), unsealed: waiting?.unsealed ?? 0 };
  }

  /** The sealed records in the order of the chain. @param from the first sequence number wanted; all when left out */
  sealed(owner: AuditOwner, from?: number): AsyncIterable<AuditRow> {
    const sequence = from === undefined ? { $exists: true } : { $gte: from };
    return this.stream({ orgId: orgIdOf(owner), sequence }, { sequence: 1 });
  }

  /** How many records of all owners wait for the sealer. */
  async unsealedOfAll(): Promise<number> {
    return this.model.countDocuments({ pending: true }).exec();
  }

  /** A record that neither is sealed nor waits for it: the recorder writes none like that. */
  async outsider(owner: AuditOwner): Promise<AuditRow | null> {
    return this.model
      .findOne({ orgId: orgIdOf(owner), sequence: { $exists: false }, pending: { $ne: true } })
      .lean<AuditRow>()
      .exec();
  }

  private async *stream(query: QueryFilter<AuditRow>, sort: Record<string, 1 | -1>): AsyncGenerator<AuditRow> {
    const cursor = this.model.find(query).sort(sort).lean<AuditRow>().cursor({ batchSize: cursorBatch });
    try {
      for await (const row of cursor) yield row;
    } finally {
      // A reader that stops early leaves it open on the server otherwise.
      await cursor.close();
    }
  }
}
