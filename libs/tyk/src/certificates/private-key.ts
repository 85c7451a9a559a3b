import { createPrivateKey, type KeyObject } from 'node:crypto';

/** What became of a private key that somebody sent. */
export type ReadKey =
  | { readonly outcome: 'read'; readonly key: KeyObject }
  | { readonly outcome: 'encrypted' }
  | { readonly outcome: 'wrong password' }
  | { readonly outcome: 'unreadable' };

/** @param password for a key that is encrypted; empty for none */
export function readPrivateKey(pem: string, password: string): ReadKey {
  const isEncrypted = /BEGIN ENCRYPTED PRIVATE KEY|Proc-Type: *4, *ENCRYPTED/.test(pem);
  if (isEncrypted && password === '') return { outcome: 'encrypted' };
  try {
    return { outcome: 'read', key: createPrivateKey(isEncrypted ? { key: pem, passphrase: password } : pem) };
  } catch (error) {
    if (!isEncrypted) return { outcome: 'unreadable' };
    // Only what the cipher itself says is about the password; an unknown way to encrypt is not.
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    return { outcome: /BAD_DECRYPT|CIPHER_OPERATION_FAILED|BAD_PASSWORD/.test(code) ? 'wrong password' : 'unreadable' };
  }
}

/** Curves of keys with which gateways can serve. */
const curves = new Set(['prime256v1', 'secp384r1', 'secp521r1']);
const smallestRsa = 1_024;
/** Go's TLS verifies nothing longer. */
const largestRsa = 8_192;

/**
 * Why gateways cannot load a certificate with this key; null when they can. They read a certificate again at each use, and what
 * they accepted at the upload they may refuse then (docs/tyk/certificates.md#private-keys).
 */
export function unfitKey({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): string | null {
  const without = 'upload the certificate without its private key, or one with an RSA or ECDSA key';
  if (type === 'rsa') {
    const bits = details?.modulusLength ?? 0;
    if (bits >= smallestRsa && bits <= largestRsa) return null;
    return `is an RSA key of ${bits} bits, and gateways serve with ${smallestRsa} to ${largestRsa} bits; ${without}`;
  }
  if (type === 'ec' && curves.has(details?.namedCurve ?? '')) return null;
  const name = type === 'ec' ? (details?.namedCurve ?? 'an unknown curve') : (type ?? 'an unknown kind');
  return `is of ${name}, with which gateways cannot load a certificate; ${without}`;
}

/** The form in which gateways keep a key: PKCS#1 for RSA, SEC 1 for elliptic curves. */
export const derOfKey = (key: KeyObject): Buffer =>
  key.export({ format: 'der', type: key.asymmetricKeyType === 'rsa' ? 'pkcs1' : 'sec1' });
