import { Secret } from 'otpauth';
import { newRecoveryCodes, newSecondFactor, recoveryCodeHash, stepOfCode } from './second-factor';

/** The secret and the codes of the test vectors in RFC 6238, of which the last six digits are ours. */
const secret = Secret.fromUTF8('12345678901234567890').base32;

describe('codes of a second factor', () => {
  it.each([
    [59, '287082'],
    [1_111_111_109, '081804'],
    [2_000_000_000, '279037'],
  ])('are those of RFC 6238 at %d seconds', (seconds, code) => {
    const step = Math.floor(seconds / 30);
    expect(stepOfCode(secret, code, new Date(seconds * 1_000))).toBe(step);
    for (const drift of [-30, 30]) expect(stepOfCode(secret, code, new Date((seconds + drift) * 1_000))).toBe(step);
    for (const drift of [-90, 90]) expect(stepOfCode(secret, code, new Date((seconds + drift) * 1_000))).toBeNull();
  });

  it.each(['', '28708', '2870822', '28708a', ' 287082', '000000'])('are not %j', (code) => {
    expect(stepOfCode(secret, code, new Date(59_000))).toBeNull();
  });

  it('come of a secret of 160 bits in an address that apps read', () => {
    const { secret: made, uri } = newSecondFactor('ada@acme.example');
    expect(made).toMatch(/^[A-Z2-7]{32}$/);
    expect(uri).toContain(`secret=${made}`);
  });
});

describe('recovery codes', () => {
  it('are ten, all different, and may be typed in any case, with or without the dash', () => {
    const codes = newRecoveryCodes();
    expect(new Set(codes).size).toBe(10);
    const [code = ''] = codes;
    expect(code).toMatch(/^[2-9a-z]{5}-[2-9a-z]{5}$/);
    for (const typed of [code.toUpperCase(), code.replace('-', ' '), ` ${code.replace('-', '')}`]) {
      expect(recoveryCodeHash(typed)).toBe(recoveryCodeHash(code));
    }
  });
});
