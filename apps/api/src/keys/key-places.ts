import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type ApiConfig } from '@castellan/config';
import type { KeyRow } from '@castellan/persistence';
import { hashText, isKeyHash, listAt, parseJson, type JsonValue, type KeyNames } from '@castellan/tyk';
import { Seal } from '../auth/sealed';

/** Where a key lies in Redis, and what nodes call it. */
export interface KeyPlaces {
  /** Names of its session without the prefix: of the session itself first, then of its copies. */
  readonly names: readonly string[];
  readonly announced: readonly string[];
}

/** The fields of a row that say where the key lies. */
export type PlacedKey = Pick<KeyRow, '_id' | 'hash' | 'copies' | 'announced' | 'sealed'>;

/**
 * Where keys lie. A hashed one lies under what the index knows it by. One that is not hashed lies under its token, which the index
 * must not know: there the index has digests of its own making to search by, and the names encrypted.
 */
@Injectable()
export class KeyPlacing {
  private readonly seal: Seal;

  constructor(@Inject(CONFIG) { secretKey, nodeSecret }: ApiConfig) {
    this.seal = new Seal(secretKey === '' ? nodeSecret : secretKey, 'castellan names of keys');
  }

  of({ _id, hash, copies, announced, sealed }: PlacedKey): KeyPlaces {
    if (sealed === '') return { names: [hash, ...copies], announced };
    const places = parseJson(this.seal.open(sealed, _id.toString()));
    return { names: textsAt(places, 'names'), announced: textsAt(places, 'announced') };
  }

  /** What the row of a new key says of its places. */
  row(id: KeyRow['_id'], { main, copies, announced }: KeyNames, hashed: boolean): PlacedKey {
    if (hashed) return { _id: id, hash: main, copies, announced, sealed: '' };
    const places: KeyPlaces = { names: [main, ...copies], announced };
    return {
      _id: id,
      hash: plainDigest(main),
      copies: copies.map(plainDigest),
      announced: [],
      sealed: this.seal.seal(JSON.stringify(places), id.toString()),
    };
  }

  /** The place of a key that was found in Redis under a name; its token is not known unless it is the name. */
  found(id: KeyRow['_id'], name: string): PlacedKey {
    return this.row(id, { main: name, copies: [], announced: namesSaidBy(name) }, isKeyHash(name));
  }
}

/** Hex digits of murmur128, which begins with murmur64 of the same text: what nodes from 5.0 on keep the key under. */
const digitsOfMurmur128 = 32;

/** What a name in Redis says of what nodes call the key. */
export function namesSaidBy(name: string): string[] {
  const begins = isKeyHash(name) && name.length === digitsOfMurmur128 ? [name.slice(0, digitsOfMurmur128 / 2)] : [];
  return [name, ...begins];
}

const textsAt = (value: JsonValue, name: string): string[] =>
  listAt(value, name).filter((one) => typeof one === 'string');

/** What the index knows a key by that is not hashed. */
export function plainDigest(name: string): string {
  return hashText(`castellan key\n${name}`, 'sha256');
}

/** What the index may know a name in Redis by. */
export function digestOf(name: string): string {
  return isKeyHash(name) ? name : plainDigest(name);
}
