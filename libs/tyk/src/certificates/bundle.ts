import { createPublicKey, type KeyObject } from 'node:crypto';
import { fingerprintOf, readCertificate, type Certificate } from './certificate';
import type { PemBlock } from './pem';
import { readPrivateKey, unfitKey } from './private-key';

/** What somebody uploaded, ready to be stored. */
export type Bundle = CertificateBundle | PublicKeyBundle;

export interface CertificateBundle {
  readonly form: 'certificate';
  readonly leaf: Certificate;
  /** The certificates after the leaf, each of which has signed the one before it. */
  readonly chain: readonly Certificate[];
  readonly key: KeyObject | null;
  /** What was left out, and why. */
  readonly notes: readonly string[];
}

interface PublicKeyBundle {
  readonly form: 'public key';
  readonly der: Buffer;
  readonly fingerprint: string;
}

/** The upload is refused; the message completes a sentence that begins with the name of the field. */
export class UnfitUpload extends Error {
  override readonly name = 'UnfitUpload';
}

/** More than any chain has. */
export const MOST_BLOCKS = 20;

const refuse = (said: string): never => {
  throw new UnfitUpload(said);
};

/**
 * Puts in order what was uploaded: one certificate, with its private key and the certificates that lead from it to a root, or
 * without.
 *
 * @param password of the private key, if that is encrypted
 * @throws UnfitUpload
 */
export function readBundle(blocks: readonly PemBlock[], password: string, now: Date): Bundle {
  if (blocks.length > MOST_BLOCKS) refuse(`holds more than ${MOST_BLOCKS} certificates and keys`);
  for (const { label } of blocks) refuseLabel(label);
  const certificates = readCertificates(blocks);
  const keys = blocks.filter(({ label }) => label.endsWith('PRIVATE KEY'));
  const publicKeys = blocks.filter(({ label }) => label === 'PUBLIC KEY');
  if (keys.length > 1) refuse('holds several private keys; upload one certificate at a time');
  if (publicKeys.length > 0 && certificates.length + keys.length > 0) {
    refuse('holds a public key beside a certificate or a private key; gateways take each by itself');
  }
  const [publicKey, another] = publicKeys;
  if (another !== undefined) refuse('holds several public keys; upload one at a time');
  if (publicKey !== undefined) return readPublicKey(publicKey);
  if (certificates.length === 0) refuse('holds no certificate');
  const [key] = keys;
  return key === undefined ? alone(certificates, now) : withKey(certificates, readKey(key, password), now);
}

const taken = /^(CERTIFICATE|PUBLIC KEY|(ENCRYPTED |RSA |EC |DSA )?PRIVATE KEY|EC PARAMETERS)$/;
const hints = new Map([
  ['TRUSTED CERTIFICATE', 'holds a certificate in OpenSSL’s own form; convert it with: openssl x509 -in FILE'],
  ['X509 CERTIFICATE', 'holds a certificate under an old label; convert it with: openssl x509 -in FILE'],
  ['PKCS7', 'is PKCS#7; convert it with: openssl pkcs7 -print_certs -in FILE'],
  ['CMS', 'is PKCS#7; convert it with: openssl pkcs7 -print_certs -in FILE'],
  ['CERTIFICATE REQUEST', 'holds a request for a certificate, not a certificate'],
  ['RSA PUBLIC KEY', 'holds a public key of PKCS#1; convert it with: openssl rsa -RSAPublicKey_in -in FILE -pubout'],
]);

function refuseLabel(label: string): void {
  if (taken.test(label)) return;
  refuse(hints.get(label) ?? `holds ${label}, which is neither a certificate nor a key`);
}

function readCertificates(blocks: readonly PemBlock[]): readonly Certificate[] {
  const found = new Map<string, Certificate>();
  for (const { label, bytes } of blocks) {
    if (label !== 'CERTIFICATE') continue;
    const certificate = readCertificate(bytes) ?? refuse('holds a certificate that cannot be read');
    const [fault] = certificate.faults;
    if (fault !== undefined) refuse(`holds a certificate that gateways cannot read: ${fault}`);
    found.set(certificate.fingerprint, certificate);
  }
  return [...found.values()];
}

function readKey({ text }: PemBlock, password: string): KeyObject {
  const read = readPrivateKey(text, password);
  if (read.outcome === 'encrypted') return refuse('holds an encrypted private key; send its password as `password`');
  if (read.outcome === 'wrong password') return refuse('holds a private key that this password does not open');
  if (read.outcome !== 'read') return refuse('holds a private key that cannot be read');
  const unfit = unfitKey(read.key);
  return unfit === null ? read.key : refuse(`holds a private key that ${unfit}`);
}

function readPublicKey({ bytes }: PemBlock): PublicKeyBundle {
  try {
    createPublicKey({ key: bytes, format: 'der', type: 'spki' });
  } catch {
    refuse('holds a public key that cannot be read');
  }
  return { form: 'public key', der: bytes, fingerprint: fingerprintOf(bytes) };
}

const isExpired = ({ notAfter }: Certificate, now: Date): boolean => notAfter.getTime() <= now.getTime();

function requireValid(leaf: Certificate, now: Date): void {
  if (isExpired(leaf, now)) refuse(`holds a certificate that has expired, on ${leaf.notAfter.toISOString()}`);
}

const isSelfSigned = ({ x509 }: Certificate): boolean => x509.checkIssued(x509);
const hasIssued = (issuer: Certificate, other: Certificate): boolean =>
  issuer !== other && other.x509.checkIssued(issuer.x509);

/**
 * Of a chain without a private key the certificate itself is kept: gateways name a chain by its first certificate, but compare
 * callers with its last (docs/tyk/certificates.md#chains).
 */
function alone(certificates: readonly Certificate[], now: Date): CertificateBundle {
  const leaves = certificates.filter((one) => !certificates.some((other) => hasIssued(one, other)));
  const [leaf, another] = leaves;
  if (leaf === undefined || another !== undefined) {
    return refuse('holds several certificates that do not belong together; upload one at a time');
  }
  requireValid(leaf, now);
  const left = certificates.length - 1;
  const note = `${left} more of its chain left out: gateways compare callers with one certificate`;
  return { form: 'certificate', leaf, chain: [], key: null, notes: left === 0 ? [] : [note] };
}

function withKey(certificates: readonly Certificate[], key: KeyObject, now: Date): CertificateBundle {
  const leaf = certificates.find(({ x509 }) => x509.checkPrivateKey(key));
  if (leaf === undefined) return refuse('holds a private key that is of another certificate');
  requireValid(leaf, now);
  const rest = certificates.filter((one) => one !== leaf);
  const chain: Certificate[] = [];
  for (let last = leaf; !isSelfSigned(last);) {
    const next = rest.find((one) => !chain.includes(one) && hasIssued(one, last));
    if (next === undefined) break;
    chain.push(next);
    last = next;
  }
  if (chain.length < rest.length) refuse('holds certificates that do not belong to the chain of the one with the key');
  const valid = chain.findIndex((one) => isExpired(one, now));
  const kept = valid < 0 ? chain : chain.slice(0, valid);
  const left = chain.length - kept.length;
  const note = `${left} of its chain left out, since gateways refuse a chain with an expired certificate`;
  return { form: 'certificate', leaf, chain: kept, key, notes: left === 0 ? [] : [note] };
}
