import { Injectable } from '@nestjs/common';
import type { mongo } from 'mongoose';
import { canonicalAddress, erasedValue, type Person, type RecordDocument } from '@castellan/analytics';
import { Forbidden, ValidationFailed } from '@castellan/dto';
import { ChangeRecorder, type OrganisationId } from '@castellan/persistence';
import type { OrganisationContext } from '../../http/request-context';
import { AnalyticsRights } from '../queries/rights';
import { AnalyticsCollections } from '../storage/collections';
import type { ErasureBodyDto, ErasureReplyDto } from './erasure.dto';
import { SumsErasure } from './sums-erasure';

/** Records that one call changes, at most. */
const mostRecords = 10_000;

/** Takes out of what is stored of requests what it says of one person. */
@Injectable()
export class ErasureService {
  constructor(
    private readonly collections: AnalyticsCollections,
    private readonly sums: SumsErasure,
    private readonly rights: AnalyticsRights,
    private readonly changes: ChangeRecorder,
  ) {}

  /** @throws ValidationFailed, Forbidden for who does not see the requests to all APIs */
  async erase(context: OrganisationContext, body: ErasureBodyDto): Promise<ErasureReplyDto> {
    const person = personOf(body);
    if ((await this.rights.seen(context)) !== null) throw new Forbidden(context.request.path);
    const { organisation } = context;
    await this.collections.prepare([organisation]);
    const records = await this.eraseRecords(organisation, person);
    const { sums, more } = await this.sums.erase(organisation, person);
    await this.erasePumped(organisation, person);
    const dead_letters = await this.eraseDeadLetters(organisation, person);
    await this.changes.recordAct(context);
    return { records, sums, dead_letters, more: more || records === mostRecords };
  }

  private async eraseRecords(organisation: OrganisationId, person: Person): Promise<number> {
    let left = mostRecords;
    for (const collection of this.collections.everyRecords(organisation)) {
      const theirs = { orgid: organisation, ...recordsOf(person) };
      const found = await collection.find(theirs, { projection: { _id: 1 }, limit: left }).toArray();
      if (found.length === 0) continue;
      await collection.updateMany({ _id: { $in: found.map(({ _id }) => _id) } }, changeOf(person));
      left -= found.length;
    }
    return mostRecords - left;
  }

  /** What was set aside is deleted: there is nothing in it that counts, and nothing that could be taken out of it. */
  private async eraseDeadLetters(orgid: OrganisationId, person: Person): Promise<number> {
    return (await this.collections.deadLetters.deleteMany({ orgid, ...recordsOf(person) })).deletedCount;
  }

  /** The documents of tyk-pump have keys by name, and nothing that could be added to somebody else's. */
  private async erasePumped(organisation: OrganisationId, { key, alias }: Person): Promise<void> {
    if (alias !== undefined) await this.erasePumpedAlias(organisation, alias);
    if (key === undefined || !canBeField(key)) return;
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

  /** Beside the figures of each key stands what it was called last; these stay, without it. */
  private async erasePumpedAlias(orgid: OrganisationId, alias: string): Promise<void> {
    const { own, mixed } = this.collections.aggregates(orgid);
    for (const collection of [own, mixed]) {
      const theirs = collection.find({ orgid, 'lists.apikeys.humanidentifier': alias }, { projection: { apikeys: 1 } });
      for await (const { _id, apikeys } of theirs) {
        const keys = Object.entries(apikeys ?? {}).filter(
          ([name, counter]) => counter.humanidentifier === alias && canBeField(name),
        );
        const fields = keys.map(([name]) => [`apikeys.${name}.humanidentifier`, ''] as const);
        await collection.updateOne(
          { _id },
          { $set: { ...Object.fromEntries(fields), 'lists.apikeys.$[called].humanidentifier': '' } },
          { arrayFilters: [{ 'called.humanidentifier': alias }] },
        );
      }
    }
  }
}

/** By which people are found in records, and in what was set aside. */
type Names = Readonly<Partial<Record<'apikey' | 'alias' | 'ipaddress', { readonly $eq: string }>>>;

/** What cannot be the name of a field in a path to it is no name of one. */
const canBeField = (name: string): boolean => !/^\$|[.\0]/.test(name);

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

const recordsOf = ({ key, alias, address }: Person): Names => {
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
