import fc from 'fast-check';
import { normalisedEmail } from './email-address';

describe('an email address', () => {
  it.each([
    ['ADA@Acme.Example', 'ada@acme.example'],
    ['ｍike@example.org', 'mike@example.org'],
    ['mi\u212Ae@example.org', 'mike@example.org'],
    ['jose\u0301@example.org', 'jos\u00E9@example.org'],
    ['a@b\u00FCcher.example', 'a@xn--bcher-kva.example'],
    ['a@xn--bcher-kva.example', 'a@xn--bcher-kva.example'],
    ['root@localhost', 'root@localhost'],
  ])('%s is kept as %s', (given, kept) => {
    expect(normalisedEmail(given)).toBe(kept);
  });

  it.each(['m\u0131ke@example.org', 'mo\u00DF@example.org'])('%s is not taken for one that looks like it', (given) => {
    expect(['mike@example.org', 'moss@example.org']).not.toContain(normalisedEmail(given));
  });

  it.each([
    'victim@x.example\u200F',
    'vic\u200Btim@x.example',
    'victim@x.example\u00A0',
    'victim@x.example ',
    'victim@x.example\t',
    'victim@x.example\n',
    'victim\u0000@x.example',
    'victim\u00AD@x.example',
    'vic\u2060tim@x.example',
    '@x.example',
    'x',
  ])('%j is refused', (given) => {
    expect(() => normalisedEmail(given)).toThrow(/email_address/);
  });

  it('is in its form already once it was brought into it', () => {
    fc.assert(
      fc.property(fc.emailAddress(), (given) => {
        const kept = normalisedEmail(given);
        expect(normalisedEmail(kept)).toBe(kept);
      }),
    );
  });
});
