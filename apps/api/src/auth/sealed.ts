import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { CastellanError } from '@castellan/dto';

const algorithm = 'aes-256-gcm';
const ivBytes = 12;
const tagBytes = 16;
const form = 'v1.';

/** A cipher for texts that have to be read back, with a key that is derived from a secret of the installation. */
export class Seal {
  private readonly key: Buffer;

  /** @param purpose texts that were sealed for another purpose do not open, whatever the secret */
  constructor(secret: string, purpose: string) {
    this.key = Buffer.from(hkdfSync('sha256', secret, '', purpose, 32));
  }

  /** @param owner whom the text belongs to: a sealed text that is moved to somebody else opens no more */
  seal(text: string, owner: string): string {
    const iv = randomBytes(ivBytes);
    const cipher = createCipheriv(algorithm, this.key, iv).setAAD(Buffer.from(owner));
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return `${form}${Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64url')}`;
  }

  /** @throws when it was sealed with another key, or for another owner */
  open(sealed: string, owner: string): string {
    const bytes = Buffer.from(sealed.slice(form.length), 'base64url');
    const iv = bytes.subarray(0, ivBytes);
    const tag = bytes.subarray(ivBytes, ivBytes + tagBytes);
    const decipher = createDecipheriv(algorithm, this.key, iv).setAAD(Buffer.from(owner)).setAuthTag(tag);
    return Buffer.concat([decipher.update(bytes.subarray(ivBytes + tagBytes)), decipher.final()]).toString('utf8');
  }
}

/** Encrypts texts that have to be read back, with a key that is derived from CASTELLAN_SECRET_KEY. */
@Injectable()
export class Sealer {
  private readonly cipher: Seal | null;

  constructor(@Inject(CONFIG) { secretKey }: ApiConfig) {
    this.cipher = secretKey === '' ? null : new Seal(secretKey, 'castellan sealed texts');
  }

  /**
   * @param owner whom the text belongs to: a sealed text that is moved to somebody else opens no more
   * @throws CastellanError 409 without the setting
   */
  seal(text: string, owner: string): string {
    return this.requireCipher().seal(text, owner);
  }

  /** @throws when it was sealed with another key, or for another owner */
  open(sealed: string, owner: string): string {
    return this.requireCipher().open(sealed, owner);
  }

  private requireCipher(): Seal {
    if (this.cipher !== null) return this.cipher;
    throw new CastellanError(409, 'not_configured', 'This needs CASTELLAN_SECRET_KEY to be set');
  }
}
