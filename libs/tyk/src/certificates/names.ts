import { bytesOf, childrenOf, oidOf, type Node } from './der';

/** A distinguished name as gateways write it in JSON: Go's `pkix.Name`. */
export interface DistinguishedName {
  readonly Country: readonly string[] | null;
  readonly Organization: readonly string[] | null;
  readonly OrganizationalUnit: readonly string[] | null;
  readonly Locality: readonly string[] | null;
  readonly Province: readonly string[] | null;
  readonly StreetAddress: readonly string[] | null;
  readonly PostalCode: readonly string[] | null;
  readonly SerialNumber: string;
  readonly CommonName: string;
  readonly Names: readonly { readonly Type: readonly number[]; readonly Value: string }[] | null;
  readonly ExtraNames: null;
}

/** The last number of `2.5.4.…` by the field that it goes to. */
const lists = {
  Country: 6,
  Organization: 10,
  OrganizationalUnit: 11,
  Locality: 7,
  Province: 8,
  StreetAddress: 9,
  PostalCode: 17,
} as const;

const commonName = 3;
const serialNumber = 5;

export function readName(name: Node | undefined): DistinguishedName {
  const names = attributesOf(name).map(({ oid, value }) => ({ Type: oid, Value: textOf(value) ?? '' }));
  const all = (number: number): readonly string[] =>
    names.filter(({ Type: oid }) => oid.join('.') === `2.5.4.${number}`).map(({ Value }) => Value);
  const list = (number: number): readonly string[] | null => (all(number).length === 0 ? null : all(number));
  return {
    Country: list(lists.Country),
    Organization: list(lists.Organization),
    OrganizationalUnit: list(lists.OrganizationalUnit),
    Locality: list(lists.Locality),
    Province: list(lists.Province),
    StreetAddress: list(lists.StreetAddress),
    PostalCode: list(lists.PostalCode),
    // Of several the last one counts, as for Go.
    SerialNumber: all(serialNumber).at(-1) ?? '',
    CommonName: all(commonName).at(-1) ?? '',
    Names: names.length === 0 ? null : names,
    ExtraNames: null,
  };
}

/** Whether Go reads every value of a name; it refuses the whole certificate otherwise. */
export const isReadableName = (name: Node | undefined): boolean =>
  attributesOf(name).every(({ value }) => textOf(value) !== null);

function attributesOf(name: Node | undefined): readonly { readonly oid: readonly number[]; readonly value: Node }[] {
  return childrenOf(name).flatMap((set) =>
    childrenOf(set).flatMap((attribute) => {
      const [oid, value] = childrenOf(attribute);
      return value === undefined ? [] : [{ oid: oidOf(oid), value }];
    }),
  );
}

/** By the types of texts in ASN.1, as Go's parser of certificates reads them; null for what it refuses. */
const readers = new Map<number, (bytes: Buffer) => string | null>([
  [12, strictUtf8],
  [18, (bytes) => matching(/^[0-9 ]*$/, bytes)],
  [19, (bytes) => matching(/^[A-Za-z0-9 '()+,\-./:=?*&]*$/, bytes)],
  [20, (bytes) => bytes.toString('latin1')],
  [22, (bytes) => matching(/^[\x00-\x7f]*$/, bytes)],
  [30, (bytes) => (bytes.length % 2 === 0 ? Buffer.from(bytes).swap16().toString('utf16le') : null)],
]);

function textOf(value: Node): string | null {
  return readers.get(value.type)?.(bytesOf(value)) ?? null;
}

function matching(pattern: RegExp, bytes: Buffer): string | null {
  const text = bytes.toString('latin1');
  return pattern.test(text) ? text : null;
}

function strictUtf8(bytes: Buffer): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}
