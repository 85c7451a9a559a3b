import { createHash, X509Certificate, type KeyObject } from 'node:crypto';
import { bytesOf, childrenOf, isContext, oidOf, readDer, Type, type Node } from './der';
import { isReadableName, readName, type DistinguishedName } from './names';

/** What is to be known of one certificate. */
export interface Certificate {
  readonly der: Buffer;
  /** sha256 of the DER, in hex: what gateways know it by. */
  readonly fingerprint: string;
  readonly subject: DistinguishedName;
  readonly issuer: DistinguishedName;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly dnsNames: readonly string[];
  readonly isCa: boolean;
  /** For comparisons with others and with keys. */
  readonly x509: X509Certificate;
  /** Null when the kind of the key is not known here. */
  readonly publicKey: KeyObject | null;
  /**
   * Why gateways cannot read it; empty when they can. Those of 3.1 let every caller in while a certificate that an API lists
   * cannot be read (docs/tyk/certificates.md#missing).
   */
  readonly faults: readonly string[];
}

export const fingerprintOf = (der: Buffer): string => createHash('sha256').update(der).digest('hex');

/** @returns null for what is no certificate */
export function readCertificate(der: Buffer): Certificate | null {
  const x509 = parse(der);
  const structure = readDer(der);
  if (x509 === null || structure === null) return null;
  const { version, serial, issuer, subject, extensions } = fieldsOf(structure);
  const { dnsNames, faults: nameFaults } = alternativeNames(extensions);
  const publicKey = keyOf(x509);
  const notBefore = new Date(x509.validFrom);
  const notAfter = new Date(x509.validTo);
  const faults = [
    ...(version > 2 ? ['its version is not known'] : []),
    ...(isNegative(serial) ? ['its serial number is negative'] : []),
    ...(isReadableName(issuer) && isReadableName(subject) ? [] : ['a name in it is not encoded as it says']),
    ...(hasTwins(extensions) ? ['it has an extension twice'] : []),
    ...nameFaults,
    ...(isOdd(publicKey) ? ['its key is on a curve that they do not know'] : []),
    ...(Number.isNaN(notBefore.getTime()) || Number.isNaN(notAfter.getTime()) ? ['its dates cannot be read'] : []),
  ];
  return {
    ...{ der, fingerprint: fingerprintOf(der), subject: readName(subject), issuer: readName(issuer) },
    ...{ notBefore, notAfter, dnsNames, isCa: x509.ca, x509, publicKey, faults },
  };
}

function parse(der: Buffer): X509Certificate | null {
  try {
    const x509 = new X509Certificate(der);
    // OpenSSL reads PEM too, and DER with something behind it.
    return x509.raw.equals(der) ? x509 : null;
  } catch {
    return null;
  }
}

function keyOf(x509: X509Certificate): KeyObject | null {
  try {
    return x509.publicKey;
  } catch {
    return null;
  }
}

interface Fields {
  readonly version: number;
  readonly serial: Buffer;
  readonly issuer: Node | undefined;
  readonly subject: Node | undefined;
  readonly extensions: readonly Node[];
}

function fieldsOf(certificate: Node): Fields {
  const [content] = childrenOf(certificate);
  const fields = childrenOf(content);
  const [first] = fields;
  const isNumbered = first !== undefined && isContext(first, 0);
  const [serial, , issuer, , subject] = isNumbered ? fields.slice(1) : fields;
  const extensions = fields.find((field) => isContext(field, 3));
  return {
    version: isNumbered ? (bytesOf(childrenOf(first)[0])[0] ?? 0) : 0,
    serial: bytesOf(serial),
    issuer,
    subject,
    extensions: childrenOf(childrenOf(extensions)[0]),
  };
}

const isNegative = ([first = 0]: Buffer): boolean => first >= 0x80;

function hasTwins(extensions: readonly Node[]): boolean {
  const ids = extensions.map((extension) => oidOf(childrenOf(extension)[0]).join('.'));
  return new Set(ids).size < ids.length;
}

/** Curves that Go's parser of certificates knows. */
const curves = new Set(['secp224r1', 'prime256v1', 'secp384r1', 'secp521r1']);

function isOdd(key: KeyObject | null): boolean {
  if (key?.asymmetricKeyType !== 'ec') return false;
  return !curves.has(key.asymmetricKeyDetails?.namedCurve ?? '');
}

const alternativeNameOid = '2.5.29.17';
const dnsName = 2;
const ipAddress = 7;

/** Out of the structure: what is printed of it cannot be told apart from what somebody wrote into a name. */
function alternativeNames(extensions: readonly Node[]): { dnsNames: readonly string[]; faults: readonly string[] } {
  const extension = extensions.find((one) => oidOf(childrenOf(one)[0]).join('.') === alternativeNameOid);
  if (extension === undefined) return { dnsNames: [], faults: [] };
  const names = readDer(bytesOf(childrenOf(extension).at(-1)));
  if (names === null || names.type !== Type.SEQUENCE) {
    return { dnsNames: [], faults: ['its alternative names cannot be read'] };
  }
  const all = childrenOf(names);
  const dns = all.filter((name) => isContext(name, dnsName)).map(bytesOf);
  const addresses = all.filter((name) => isContext(name, ipAddress)).map(bytesOf);
  const isMalformed =
    dns.some((name) => name.some((byte) => byte >= 0x80)) ||
    addresses.some(({ length }) => length !== 4 && length !== 16);
  return {
    dnsNames: dns.map((name) => name.toString('latin1')),
    faults: isMalformed ? ['an alternative name in it is malformed'] : [],
  };
}
