import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { readPem, writePem } from './pem';

const LABEL = 'ENCRYPTED PRIVATE KEY';
const CIPHER = 'aes-256-cbc';
const SALT = 8;

/**
 * A private key as gateways keep it: encrypted after RFC 1423 (docs/tyk/certificates.md#private-keys).
 *
 * @param der of PKCS#1 or SEC 1
 * @param secret what gateways have as `security.private_certificate_encoding_secret`, or else as `secret`
 */
export function encryptKey(der: Buffer, secret: string, iv: Buffer = randomBytes(16)): string {
  const cipher = createCipheriv(CIPHER, keyOf(secret, iv), iv);
  const content = Buffer.concat([cipher.update(der), cipher.final()]);
  return writePem(LABEL, content, ['Proc-Type: 4,ENCRYPTED', `DEK-Info: AES-256-CBC,${iv.toString('hex')}`]);
}

/** The key in a block that {@link encryptKey} or a gateway has made; null with another secret. */
export function decryptKey(text: string, secret: string): Buffer | null {
  const [block] = readPem(text) ?? [];
  const hex = /DEK-Info: AES-256-CBC,([0-9a-fA-F]{32})/.exec(text)?.[1];
  if (block === undefined || hex === undefined) return null;
  const iv = Buffer.from(hex, 'hex');
  try {
    const decipher = createDecipheriv(CIPHER, keyOf(secret, iv), iv);
    const der = Buffer.concat([decipher.update(block.bytes), decipher.final()]);
    // The wrong secret leaves a padding that looks right once in 256 times, but no sequence of this length.
    return isWholeSequence(der) ? der : null;
  } catch {
    return null;
  }
}

/** The block with the private key in what gateways read; null when there is none. */
function keyBlockOf(text: string): string | null {
  const at = text.indexOf(`-----BEGIN ${LABEL}-----`);
  return at < 0 ? null : text.slice(at);
}

/** Whether gateways with this secret can read the private key in a text; null when there is none, or no secret to compare with. */
export function keyIsReadable(text: string, secret: string): boolean | null {
  const block = keyBlockOf(text);
  return block === null || secret === '' ? null : decryptKey(block, secret) !== null;
}

/**
 * The text with its private key encrypted with another secret.
 *
 * @returns null when there is no key, when it is so already, and when the secret it is encrypted with is not the old one
 */
export function textWithSecret(text: string, old: string, secret: string): string | null {
  const block = keyBlockOf(text);
  if (block === null || old === '' || keyIsReadable(text, secret) !== false) return null;
  const key = decryptKey(block, old);
  return key === null ? null : `${text.slice(0, text.length - block.length)}${encryptKey(key, secret)}`;
}

/** The key derivation of RFC 1423, which gateways use and nothing else would. */
function keyOf(secret: string, iv: Buffer): Buffer {
  const salt = iv.subarray(0, SALT);
  const md5 = (...parts: Buffer[]): Buffer => createHash('md5').update(Buffer.concat(parts)).digest();
  const first = md5(Buffer.from(secret), salt);
  return Buffer.concat([first, md5(first, Buffer.from(secret), salt)]);
}

function isWholeSequence(der: Buffer): boolean {
  const [tag, length = 0] = der;
  if (tag !== 0x30) return false;
  if (length < 0x80) return der.length === 2 + length;
  const size = length & 0x7f;
  return size <= 4 && der.length > 2 + size && der.length === 2 + size + der.readUIntBE(2, size);
}
