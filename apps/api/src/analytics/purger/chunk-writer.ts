import { setImmediate as nextTurn } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { mongo } from 'mongoose';
import {
  applyPrivacy,
  canonicalAddress,
  defaultPrivacy,
  isLeftOut,
  namesIn,
  recordDocument,
  Rollup,
  uptimeDocument,
  type KeptRecord,
  type RecordDocument,
  type UptimeDocument,
} from '@castellan/analytics';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { Clock } from '@castellan/observability';
import { KeyNames } from '../key-names';
import { AnalyticsSettingsReader, type AnalyticsSettings } from '../settings';
import { AnalyticsCollections, type DeadLetterDocument, type SegmentDocument } from '../storage/collections';
import { BatchNotes } from './batch-notes';
import type { Chunk, Unreadable } from './chunk';
import { KeyUses, type Uses } from './key-uses';
import { segmentsOf } from './segments';

/** How long what could not be read is kept, in milliseconds. */
const deadLetterMs = 90 * 86_400_000;
/** Longest part of an unreadable record that is kept. */
const deadLetterBytes = 1024 * 1024;

/** Rows that are worked on before requests get a turn. */
const atOnce = 200;

/** What a transaction is to store, so that MongoDB has nothing to wait for. */
export interface ReadyChunk {
  readonly chunk: Chunk;
  /** Records that their organisations want left out. */
  readonly leftOut: number;
  /** Records of each organisation, as bytes already; each can be inserted once. */
  readonly records: readonly mongo.UnorderedBulkOperation[];
  readonly segments: readonly SegmentDocument[];
  readonly uptime: readonly UptimeDocument[];
  readonly uses: Uses;
  readonly at: Date;
}

/** Stores what was read of some batches: records, their sums and how far the batches are, together or not at all. */
@Injectable()
export class ChunkWriter {
  constructor(
    private readonly collections: AnalyticsCollections,
    private readonly notes: BatchNotes,
    private readonly settings: AnalyticsSettingsReader,
    private readonly keyNames: KeyNames,
    private readonly keyUses: KeyUses,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {}

  /** Makes what is to be stored of it. Nothing is stored yet, but that there are collections to store it in. */
  async prepare(chunk: Chunk): Promise<ReadyChunk> {
    const at = this.clock.now();
    const orgIds = new Set([...chunk.records, ...chunk.uptime].map(({ orgId }) => orgId));
    await this.collections.prepare(orgIds);
    const settings = await this.settings.of(orgIds);
    const kept = await this.kept(chunk, settings);
    const retention = (orgId: string): number | null => settings.get(orgId)?.retentionDays ?? null;
    return {
      chunk,
      leftOut: chunk.records.length - kept.length,
      records: await this.inserts(kept, (one) => recordDocument(one, at, retention(one.record.orgId))),
      segments: await this.segments(kept),
      uptime: chunk.uptime.map((record) => uptimeDocument(record, at, retention(record.orgId))),
      uses: this.keyUses.of(kept.map(({ record }) => record)),
      at,
    };
  }

  /**
   * @param meanwhile called once MongoDB has got most of what it is to store, and will take its time
   * @throws BatchMoved when another purger has stored some of it
   */
  async store({ chunk, records, segments, uptime, uses, at }: ReadyChunk, meanwhile: () => void): Promise<void> {
    await this.collections.inTransaction(async (session) => {
      for (const { batch, from, bytes } of chunk.slices) {
        await this.notes.advance(batch, from, from + bytes.length, at, session);
      }
      for (const insert of records) {
        const inserted = insert.execute({ session });
        meanwhile();
        await inserted;
      }
      if (segments.length > 0) await this.collections.segments.insertMany(segments, { session, ordered: false });
      if (uptime.length > 0) await this.collections.uptime.insertMany(uptime, { session, ordered: false });
      if (chunk.unreadable.length > 0) {
        const letters = chunk.unreadable.map((one) => this.deadLetter(one, at));
        await this.collections.deadLetters.insertMany(letters, { session });
      }
    });
    await this.keyUses.note(uses);
  }

  private async kept(
    { records }: Chunk,
    settings: ReadonlyMap<string, AnalyticsSettings>,
  ): Promise<readonly KeptRecord[]> {
    const kept: KeptRecord[] = [];
    for (const [index, read] of records.entries()) {
      if (index % atOnce === 0) await nextTurn();
      const record = this.keyNames.ofRecord(read);
      const { privacy = defaultPrivacy } = settings.get(record.orgId) ?? {};
      if (isLeftOut(record, privacy)) continue;
      kept.push(applyPrivacy(record, privacy, this.config.analyticsMessageLimit));
    }
    return kept;
  }

  private async inserts(
    kept: readonly KeptRecord[],
    documentOf: (one: KeptRecord) => RecordDocument,
  ): Promise<readonly mongo.UnorderedBulkOperation[]> {
    const inserts = new Map<string, mongo.UnorderedBulkOperation>();
    for (const [index, one] of kept.entries()) {
      if (index % atOnce === 0) await nextTurn();
      const { orgId } = one.record;
      const insert = inserts.get(orgId) ?? this.collections.records(orgId).initializeUnorderedBulkOp();
      insert.insert(documentOf(one));
      inserts.set(orgId, insert);
    }
    return [...inserts.values()];
  }

  /** Sums for the rollups. They are only put down here, because inserting is many times as fast as updating. */
  private async segments(kept: readonly KeptRecord[]): Promise<readonly SegmentDocument[]> {
    const rollup = new Rollup();
    for (const [index, { record }] of kept.entries()) {
      if (index % atOnce === 0) await nextTurn();
      rollup.add(record);
    }
    return segmentsOf(rollup.rows);
  }

  /** With whose it is and of whom, so that it goes with its organisation, and when somebody is to be forgotten. */
  private deadLetter({ list, bytes, reason }: Unreadable, now: Date): DeadLetterDocument {
    const { orgId: orgid, apiKey, alias, ipAddress } = namesIn(list, bytes);
    const names = { orgid, apikey: this.keyNames.of(apiKey), alias, ipaddress: canonicalAddress(ipAddress) };
    return {
      list,
      bytes: new mongo.Binary(bytes.subarray(0, deadLetterBytes)),
      size: bytes.length,
      reason,
      at: now,
      expireAt: new Date(now.getTime() + deadLetterMs),
      ...Object.fromEntries(Object.entries(names).filter(([, name]) => name !== '')),
    };
  }
}
