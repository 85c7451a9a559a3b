import { createHash, randomInt } from 'node:crypto';
import { Secret, TOTP } from 'otpauth';

/** RFC 6238 as every authenticator app speaks it. */
const parameters = { algorithm: 'SHA1', digits: 6, period: 30 } as const;
/** Codes of the step before and after are good, too: clocks of telephones differ. */
const window = 1;
const issuer = 'Castellan';
const recoveryCodes = 10;
/** Without letters and digits that look alike. */
const alphabet = '23456789abcdefghjkmnpqrstuvwxyz';

/** A new secret, base32, and the address that an authenticator app reads from a QR code. */
export const newSecondFactor = (account: string): { secret: string; uri: string } => {
  const totp = new TOTP({ ...parameters, issuer, label: account, secret: new Secret({ size: 20 }) });
  return { secret: totp.secret.base32, uri: totp.toString() };
};

/**
 * The step that a code belongs to, counted from 1970 in periods of 30 seconds; null when the code is wrong. Whoever asks
 * has to see that no step is used twice.
 */
export const stepOfCode = (secret: string, code: string, now: Date): number | null => {
  if (!/^\d{6}$/.test(code)) return null;
  const totp = new TOTP({ ...parameters, secret: Secret.fromBase32(secret) });
  const delta = totp.validate({ token: code, timestamp: now.getTime(), window });
  return delta === null ? null : Math.floor(now.getTime() / 1_000 / parameters.period) + delta;
};

/** Codes for the day the telephone is lost, each good once. They have some 50 random bits, and only hashes are kept. */
export const newRecoveryCodes = (): readonly string[] =>
  Array.from({ length: recoveryCodes }, () => {
    const letters = Array.from({ length: 10 }, () => alphabet[randomInt(alphabet.length)] ?? '');
    return `${letters.slice(0, 5).join('')}-${letters.slice(5).join('')}`;
  });

/** What of a recovery code is stored; spaces, dashes and letter case of what people type do not matter. */
export const recoveryCodeHash = (code: string): string =>
  createHash('sha256').update(code.toLowerCase().replace(/[\s-]/g, '')).digest('hex');
