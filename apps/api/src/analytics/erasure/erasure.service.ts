import { Injectable } from '@nestjs/common';
import type { mongo } from 'mongoose';
import {
  canonicalAddress,
  erasedRows,
  erasedValue,
  saysOf,
  valueMark,
  type Person,
  type RecordDocument,
  type RollupKind,
} from '@castellan/analytics';
import { Forbidden, ValidationFailed } from '@castellan/dto';
import { Clock } from '@castellan/observability';
import { ChangeRecorder, type OrganisationId } from '@castellan/persistence';
import type { OrganisationContext } from '../../http/request-context';
import { segmentsOf } from '../purger/segments';
import { AnalyticsRights } from '../queries/rights';
import { AnalyticsCollections, type SegmentDocument } from '../storage/collections';
import { RollupStore } from '../storage/rollup-store';
import { rowsIn, type SumsHead } from '../storage/sums-document';
import { mayHoldValue } from '../storage/wanted-rows';
import type { ErasureBodyDto, ErasureReplyDto } from './erasure.dto';

/** Records and sums that one call changes, at most. */
const mostRecords = 10_000;
const mostSums = 5_000;

/** The rows that may name somebody. */
const ofPeople: readonly RollupKind[] = ['key', 'keyEndpoint'];

/** Takes out of what is stored of requests what it says of one person. */
@Injectable()
export class ErasureService {
  constructor(
    private readonly collections: AnalyticsCollections,
    private readonly rollups: RollupStore,
    private readonly rights: AnalyticsRights,
    private readonly changes: ChangeRecorder,
    private readonly clock: Clock,
  ) {}

  /** @throws ValidationFailed, Forbidden for who does not see the requests to all APIs */
  async erase(context: OrganisationContext, body: ErasureBodyDto): Promise<ErasureReplyDto> {
    const person = personOf(body);
    if ((await this.rights.seen(context)) !== null) throw new Forbidden(context.request.path);
    const { organisation } = context;
    await this.collections.prepare([organisation]);
    const records = await this.eraseRecords(organisation, person);
    const waiting = await this.eraseWaiting(organisation, person);
    const sums = await this.eraseSums(organisation, person);
    await this.erasePumped(organisation, person);
    await this.changes.recordAct(context);
    return { records, sums: waiting + sums, more: records === mostRecords || sums >= mostSums };
  }

  private async eraseRecords(organisation: OrganisationId, person: Person): Promise<number> {
    let left = mostRecords;
    for (const collection of await this.collections.recordsToRead(organisation)) {
      const theirs = { orgid: organisation, ...recordsOf(person) };
      const found = await collection.find(theirs, { projection: { _id: 1 }, limit: left }).toArray();
      if (found.length === 0) continue;
      await collection.updateMany({ _id: { $in: found.map(({ _id }) => _id) } }, changeOf(person));
      left -= found.length;
    }
    return mostRecords - left;
  }

  /** Sums that are not merged yet. One that is merged meanwhile is found among the others. */
  private async eraseWaiting(organisation: OrganisationId, person: Person): Promise<number> {
    if (person.address !== undefined) return 0;
    let changed = 0;
    const { segments } = this.collections;
    for await (const segment of segments.find({ orgId: organisation, kinds: { $in: [...ofPeople] } })) {
      changed += await this.eraseSegment(segment, person);
    }
    return changed;
  }

  private async eraseSegment(segment: SegmentDocument, person: Person): Promise<number> {
    const { segments } = this.collections;
    const rows = rowsIn(segment);
    const theirs = rows.filter((row) => saysOf(row, person));
    if (theirs.length === 0) return 0;
    await this.collections.inTransaction(async (session) => {
      const { deletedCount } = await segments.deleteOne({ _id: segment._id }, { session });
      if (deletedCount === 1) await segments.insertMany([...segmentsOf(erasedRows(rows, person))], { session });
    });
    return theirs.length;
  }

  private async eraseSums(organisation: OrganisationId, person: Person): Promise<number> {
    if (person.address !== undefined) return 0;
    let changed = 0;
    const mark = person.key === undefined ? null : valueMark(person.key);
    let moved: boolean;
    do {
      moved = false;
      for (const head of await this.rollups.headsOf(organisation, ofPeople)) {
        if (changed >= mostSums) break;
        if (mark !== null && !mayHoldValue(head, mark)) continue;
        const erased = await this.eraseIn(head, person);
        // The merger, or this, has changed it since: what it has now is looked at again.
        if (erased === null) moved = true;
        else changed += erased;
      }
    } while (moved && changed < mostSums);
    return changed;
  }

  /** @returns how many rows named the person; null when the document is not what it was */
  private async eraseIn(head: SumsHead, person: Person): Promise<number | null> {
    const rows = await this.rollups.open(head);
    if (rows === null) return null;
    const theirs = rows.filter((row) => saysOf(row, person));
    if (theirs.length === 0) return 0;
    await this.collections.inTransaction(async (session) => {
      const now = this.clock.now();
      const left = rows.filter((row) => !saysOf(row, person));
      await this.rollups.replace(head, left, now, session);
      await this.rollups.add(erasedRows(theirs, person), now, session);
    });
    return theirs.length;
  }

  /** The documents of tyk-pump have keys by name, and nothing that could be added to somebody else's. */
  private async erasePumped(organisation: OrganisationId, { key }: Person): Promise<void> {
    // What cannot be the name of a field is no name of one.
    if (key === undefined || key.includes('.') || key.startsWith('$')) return;
    const { own, mixed } = this.collections.aggregates(organisation);
    const names = ['apikeys', 'keyendpoints', 'lists.keyendpoints'].map((field) => `${field}.${key}`);
    for (const collection of [own, mixed]) {
      const theirs = { orgid: organisation, $or: names.map((name) => ({ [name]: { $exists: true } })) };
      await collection.updateMany(theirs, {
        $unset: Object.fromEntries(names.map((name) => [name, ''])),
        $pull: { 'lists.apikeys': { identifier: key } },
      });
    }
  }
}

/** Under which requests of nobody are counted, and of those who are forgotten. */
const nobody = ['00000000', erasedValue];

const personOf = ({ key_hash: key, alias, address }: ErasureBodyDto): Person => {
  if (key !== undefined && nobody.includes(key))
    throw new ValidationFailed([{ path: 'key_hash', message: 'must be the hash of a key' }]);
  const given = Object.entries({ key, alias, address }).filter(([, value]) => value !== undefined);
  if (given.length === 1) {
    return address === undefined ? Object.fromEntries(given) : { address: canonicalAddress(address) };
  }
  throw new ValidationFailed([{ path: 'key_hash', message: 'or alias or address must be given, and no two of them' }]);
};

const recordsOf = ({ key, alias, address }: Person): mongo.Filter<RecordDocument> => {
  if (key !== undefined) return { apikey: { $eq: key } };
  return alias === undefined ? { ipaddress: { $eq: address ?? '' } } : { alias: { $eq: alias } };
};

/** Whoever asks to be forgotten by one thing is not to be found by the others. */
const changeOf = ({ key, address }: Person): mongo.UpdateFilter<RecordDocument> => ({
  $set: {
    ...{ ipaddress: '', useragent: '', rawrequest: '', rawresponse: '' },
    ...(address === undefined ? { alias: '' } : {}),
    ...(key === undefined ? {} : { apikey: erasedValue }),
    'geo.city': { geonameid: 0, names: {} },
    'geo.location': { latitude: 0, longitude: 0, timezone: '' },
  },
  ...(key === undefined ? {} : { $pull: { tags: { $in: [key, `key-${key}`] } } }),
});
