import { webcrypto } from 'node:crypto';
import { BasicConstraintsExtension, SubjectAlternativeNameExtension, X509CertificateGenerator } from '@peculiar/x509';
import { unique } from './builders';

/** Ways to make keys, by the names that tests use. */
const algorithms = {
  'P-256': { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  'P-384': { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' },
  'P-521': { name: 'ECDSA', namedCurve: 'P-521', hash: 'SHA-512' },
  'RSA-1024': rsa('RSASSA-PKCS1-v1_5', 1_024),
  'RSA-2048': rsa('RSASSA-PKCS1-v1_5', 2_048),
  'RSA-PSS': { ...rsa('RSA-PSS', 2_048), saltLength: 32 },
  Ed25519: { name: 'Ed25519' },
} as const;

function rsa(name: string, modulusLength: number) {
  return { name, modulusLength, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' };
}

export interface CertificateOptions {
  /** The common name, or a whole name such as `CN=a, O=b`. */
  readonly name?: string;
  readonly key?: keyof typeof algorithms;
  readonly dns?: readonly string[];
  readonly isCa?: boolean;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** Who signs it; itself when left out. */
  readonly issuer?: MadeCertificate;
}

/** A certificate of a test, with its private key. */
export interface MadeCertificate {
  readonly der: Buffer;
  readonly pem: string;
  /** PKCS#8. */
  readonly keyPem: string;
  readonly name: string;
  readonly keys: webcrypto.CryptoKeyPair;
}

const aDay = 24 * 3600 * 1_000;

/** Makes a certificate with a key that nobody has had. */
export async function makeCertificate(options: CertificateOptions = {}): Promise<MadeCertificate> {
  const { key = 'P-256', dns = [], isCa = false, issuer } = options;
  const name = options.name?.includes('=') === true ? options.name : `CN=${options.name ?? unique('certificate')}`;
  const algorithm = algorithms[key];
  const keys = await keysFor(algorithm);
  const made = await X509CertificateGenerator.create(
    {
      subject: name,
      issuer: issuer?.name ?? name,
      notBefore: options.notBefore ?? new Date(Date.now() - aDay),
      notAfter: options.notAfter ?? new Date(Date.now() + 365 * aDay),
      publicKey: keys.publicKey,
      signingKey: issuer?.keys.privateKey ?? keys.privateKey,
      signingAlgorithm: issuer === undefined ? algorithm : { ...algorithms['P-256'] },
      extensions: [
        ...(isCa ? [new BasicConstraintsExtension(true, undefined, true)] : []),
        ...(dns.length === 0
          ? []
          : [new SubjectAlternativeNameExtension(dns.map((value) => ({ type: 'dns' as const, value })))]),
      ],
    },
    webcrypto,
  );
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  const keyPem = `-----BEGIN PRIVATE KEY-----\n${pkcs8.toString('base64')}\n-----END PRIVATE KEY-----\n`;
  return { der: Buffer.from(made.rawData), pem: `${made.toString('pem')}\n`, keyPem, name, keys };
}

async function keysFor(algorithm: (typeof algorithms)[keyof typeof algorithms]): Promise<webcrypto.CryptoKeyPair> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  if ('privateKey' in keys) return keys;
  throw new TypeError('Only pairs of keys sign');
}
