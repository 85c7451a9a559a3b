import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { CastellanError } from '@castellan/dto';

const algorithm = 'aes-256-gcm';
const ivBytes = 12;
const tagBytes = 16;
const form = 'v1.';

/** Encrypts texts that have to be read back, with a key that is derived from CASTELLAN_SECRET_KEY. */
@Injectable()
export class Sealer {
  private readonly key: Buffer | null;

  constructor(@Inject(CONFIG) { secretKey }: ApiConfig) {
    this.key = secretKey === '' ? null : Buffer.from(hkdfSync('sha256', secretKey, '', 'castellan sealed texts', 32));
  }

  /**
   * @param owner whom the text belongs to: a sealed text that is moved to somebody else opens no more
   * @throws CastellanError 409 without the setting
   */
  seal(text: string, owner: string): string {
    const iv = randomBytes(ivBytes);
    const cipher = createCipheriv(algorithm, this.requireKey(), iv).setAAD(Buffer.from(owner));
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return `${form}${Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64url')}`;
  }

  /** @throws when it was sealed with another key, or for another owner */
  open(sealed: string, owner: string): string {
    const bytes = Buffer.from(sealed.slice(form.length), 'base64url');
    const iv = bytes.subarray(0, ivBytes);
    const tag = bytes.subarray(ivBytes, ivBytes + tagBytes);
    const decipher = createDecipheriv(algorithm, this.requireKey(), iv).setAAD(Buffer.from(owner)).setAuthTag(tag);
    return Buffer.concat([decipher.update(bytes.subarray(ivBytes + tagBytes)), decipher.final()]).toString('utf8');
  }

  private requireKey(): Buffer {
    if (this.key !== null) return this.key;
    throw new CastellanError(409, 'not_configured', 'This needs CASTELLAN_SECRET_KEY to be set');
  }
}
