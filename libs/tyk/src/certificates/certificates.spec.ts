import { generateKeyPairSync } from 'node:crypto';
import { makeCertificate, type CertificateOptions } from '@castellan/testing';
import {
  certificateUses,
  decryptKey,
  certificateText,
  readBundle,
  readCertificate,
  readPem,
  readPkcs12,
  UnfitUpload,
  withCertificate,
  withoutCertificate,
  type CertificateBundle,
} from './index';
import { unfitKey } from './private-key';
import { encryptedKey, files, secp256k1 } from '../testing/certificates';

const now = new Date();
const aDay = 24 * 3600 * 1_000;

const bundleOf = (text: string, password = ''): CertificateBundle => {
  const bundle = readBundle(readPem(text) ?? [], password, now);
  if (bundle.form !== 'certificate') throw new TypeError('It is a public key');
  return bundle;
};
const refusal = (text: string, password = ''): string => {
  try {
    bundleOf(text, password);
  } catch (error) {
    if (error instanceof UnfitUpload) return error.message;
    throw error;
  }
  return '';
};
const factsOf = async (options: CertificateOptions) => readCertificate((await makeCertificate(options)).der);

describe('PEM', () => {
  it.each([
    ['line ends of Windows', (pem: string) => pem.replaceAll('\n', '\r\n')],
    ['line ends of old Macs', (pem: string) => pem.replaceAll('\n', '\r')],
    ['a byte order mark', (pem: string) => `\ufeff${pem}`],
    ['what OpenSSL prints around it', (pem: string) => `Bag Attributes\n    friendlyName: a\n${pem}issuer=CN = b\n`],
    ['no line end', (pem: string) => pem.trim()],
    ['spaces at the ends of lines', (pem: string) => pem.replaceAll('\n', ' \n')],
    ['one line of base64', (pem: string) => pem.replaceAll(/(?<=[A-Za-z0-9+/])\n(?=[A-Za-z0-9+/=])/g, '')],
    ['line ends that are written out', (pem: string) => pem.replaceAll('\n', String.raw`\n`)],
  ])('is read with %s, and is the same certificate', async (_, written) => {
    const { pem, der } = await makeCertificate();
    expect(bundleOf(written(pem)).leaf.der.equals(der)).toBe(true);
    expect(certificateText(bundleOf(written(pem)), 's')).toBe(pem);
  });

  it.each([
    ['TRUSTED CERTIFICATE', 'OpenSSL’s own form'],
    ['PKCS7', 'is PKCS#7'],
    ['CERTIFICATE REQUEST', 'request'],
    ['X509 CRL', 'neither a certificate nor a key'],
  ])('of %s is refused with what to do', (label, said) => {
    expect(refusal(`-----BEGIN ${label}-----\nAAAA\n-----END ${label}-----`)).toContain(said);
  });
});

describe('what is known of a certificate', () => {
  it('comes out of its structure, not out of what is printed of it', async () => {
    const name = 'C=DE, O="Acme, Inc", CN="a.example, emailAddress=b"';
    const facts = await factsOf({ name, dns: ['a.example', '*.b.example'], isCa: true });
    expect(facts).toMatchObject({
      subject: {
        CommonName: 'a.example, emailAddress=b',
        Country: ['DE'],
        Organization: ['Acme, Inc'],
        Locality: null,
      },
      ...{ dnsNames: ['a.example', '*.b.example'], isCa: true, faults: [] },
    });
    expect(facts?.subject.Names?.map(({ Type }) => Type.join('.'))).toEqual(['2.5.4.6', '2.5.4.10', '2.5.4.3']);
  });

  it('has dates beyond 2050', async () => {
    const facts = await factsOf({ notAfter: new Date('9999-12-31T23:59:59Z'), notBefore: new Date(Date.now() + aDay) });
    expect(facts?.notAfter.toISOString()).toBe('9999-12-31T23:59:59.000Z');
  });

  it.each(['P-256', 'P-384', 'P-521', 'RSA-1024', 'RSA-2048', 'RSA-PSS', 'Ed25519'] as const)(
    'is read with a key of %s',
    async (key) => {
      const made = await makeCertificate({ key });
      expect(readCertificate(made.der)).toMatchObject({ faults: [] });
      // Gateways cannot read such a key, and what they cannot read lets everybody in on those of 3.1.
      if (key === 'Ed25519') expect(refusal(made.pem + made.keyPem)).toContain('with which gateways cannot load');
      else expect(bundleOf(made.pem + made.keyPem).key).not.toBeNull();
      expect(refusal(made.pem)).toBe('');
    },
  );

  it('is not taken with a key that is for RSA-PSS alone, which gateways cannot load', () => {
    const { privateKey } = generateKeyPairSync('rsa-pss', { modulusLength: 2_048 });
    expect(unfitKey(privateKey)).not.toBeNull();
    expect(unfitKey(generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey)).toBeNull();
  });

  it('says what Go’s parser refuses: a curve that it does not know, a negative serial number', async () => {
    const odd = readPem(secp256k1)?.[0];
    expect(readCertificate(odd?.bytes ?? Buffer.alloc(0))?.faults).toEqual([
      'its key is on a curve that they do not know',
    ]);
    expect(refusal(secp256k1)).toContain('gateways cannot read');
    const { der } = await makeCertificate();
    const negative = Buffer.from(der);
    const serial = negative.indexOf(Buffer.from('a003020102', 'hex')) + 7;
    negative[serial] = 0x80;
    expect(readCertificate(negative)?.faults).toEqual(['its serial number is negative']);
  });

  it('is nothing for what is no certificate', () => {
    for (const content of ['', '0', 'not a certificate', '\u0030\u0003\u0002\u0001\u0003']) {
      expect(readCertificate(Buffer.from(content))).toBeNull();
      expect(readPkcs12(Buffer.from(content), '')).toHaveProperty('problem');
    }
  });
});

describe('what is uploaded together', () => {
  it('is put in order: the certificate of the key first, then what leads to the root', async () => {
    const root = await makeCertificate({ isCa: true });
    const middle = await makeCertificate({ isCa: true, issuer: root });
    const leaf = await makeCertificate({ issuer: middle });
    for (const order of [
      [leaf.keyPem, root.pem, middle.pem, leaf.pem],
      [middle.pem, leaf.pem, leaf.keyPem, root.pem],
    ]) {
      const { leaf: first, chain } = bundleOf(order.join(''));
      expect([first, ...chain].map(({ der }) => der)).toEqual([leaf.der, middle.der, root.der]);
    }
    // Gateways would compare callers with the end of a chain.
    const alone = bundleOf(leaf.pem + middle.pem);
    expect([alone.leaf.der.equals(leaf.der), alone.chain, alone.notes.length]).toEqual([true, [], 1]);
    expect(bundleOf(middle.pem + leaf.pem).leaf.der.equals(leaf.der)).toBe(true);
  });

  it('loses an expired root, and is refused when the certificate itself has expired', async () => {
    const past = { notBefore: new Date(Date.now() - 2 * aDay), notAfter: new Date(Date.now() - aDay) };
    const root = await makeCertificate({ isCa: true, ...past });
    const leaf = await makeCertificate({ issuer: root });
    const bundle = bundleOf(leaf.pem + root.pem + leaf.keyPem);
    expect([bundle.chain, bundle.notes.length]).toEqual([[], 1]);
    expect(refusal((await makeCertificate(past)).pem)).toContain('has expired');
  });

  it('is refused when it does not belong together', async () => {
    const [one, two] = [await makeCertificate(), await makeCertificate()];
    const publicKey = one.pem.replaceAll('CERTIFICATE', 'PUBLIC KEY');
    expect(refusal(one.pem + two.pem)).toContain('several certificates');
    expect(refusal(one.pem + two.keyPem)).toContain('of another certificate');
    expect(refusal(one.pem + one.keyPem + two.keyPem)).toContain('several private keys');
    expect(refusal(one.pem + two.pem + one.keyPem)).toContain('do not belong to the chain');
    expect(refusal(one.pem + publicKey)).toContain('beside a certificate');
    expect(refusal(publicKey)).toContain('cannot be read');
    expect(refusal(one.keyPem)).toContain('no certificate');
    expect(refusal(one.pem.repeat(25))).toContain('more than 20');
  });
});

describe('a private key', () => {
  it('is encrypted so that the right secret alone opens it', async () => {
    const { pem, keyPem } = await makeCertificate();
    const text = certificateText(bundleOf(pem + keyPem), 'right');
    const block = text.slice(text.indexOf('-----BEGIN ENCRYPTED'));
    expect(decryptKey(block, 'right')).not.toBeNull();
    expect(decryptKey(block, 'wrong')).toBeNull();
    expect(decryptKey('nothing', 'right')).toBeNull();
  });

  it('that comes encrypted needs its password', () => {
    expect(refusal(encryptedKey)).toContain('send its password');
    expect(refusal(encryptedKey, 'wrong')).toContain('does not open');
    expect(refusal(encryptedKey, 'secret')).toBe('');
  });
});

describe('PKCS#12', () => {
  it.each([
    ['AES-256 and SHA-256', 'secret', files.aes],
    ['40 bits of RC2, as Windows and OpenSSL 1 write it', 'secret', files.rc2],
    ['three times DES, with a password that is not ASCII', 'żółw', files.des],
    ['no password', '', files.none],
  ])('is read with %s', (_, password, file) => {
    const outcome = readPkcs12(Buffer.from(file, 'base64'), password);
    expect(outcome).toHaveProperty('pem');
    const bundle = bundleOf('pem' in outcome ? outcome.pem : '');
    expect([bundle.leaf.subject.CommonName, bundle.key?.asymmetricKeyType]).toEqual(['ec.example', 'ec']);
  });

  it('says whether the password is wrong, or the way to encrypt is not read', () => {
    const said = (file: string, password: string): unknown => readPkcs12(Buffer.from(file, 'base64'), password);
    expect(said(files.aes, 'wrong')).toEqual({ problem: 'cannot be opened: the password is wrong' });
    expect(said(files.rc4, 'secret')).toEqual({ problem: expect.stringContaining('not read here') as string });
  });
});

describe('a PKCS#12 file that would keep a server busy', () => {
  it('is refused before it is worked on: it asks for a thousand million iterations', () => {
    const file = Buffer.from(files.aes, 'base64');
    const mac = file.indexOf(Buffer.from('30413031', 'hex'));
    const bomb = Buffer.concat([file.subarray(0, -4), Buffer.from('02043b9aca00', 'hex')]);
    bomb[mac + 1] = 0x43;
    bomb.writeUInt16BE(bomb.readUInt16BE(2) + 2, 2);
    expect(readPkcs12(bomb, 'secret')).toEqual({ problem: 'asks for 1000000000 iterations; 200000 are the most' });
  });
});

describe('certificates in definitions', () => {
  const id = 'a'.repeat(88);
  const definition = {
    client_certificates: [id, 'b'],
    certificates: [id],
    upstream_certificates: { '*': id },
    pinned_public_keys: { 'a.example': `${id}, c` },
    request_signing: { certificate_id: id, algorithm: 'rsa-sha256' },
  };

  it('are found wherever gateways look', () => {
    const uses = certificateUses(definition).filter((use) => use.id === id);
    expect(uses.map(({ usage }) => usage)).toEqual(['client', 'server', 'upstream', 'pinned', 'signing']);
  });

  it('are taken out of both kinds of definitions, and nothing else is', () => {
    expect(withoutCertificate({ ...definition, name: 'x' }, id)).toEqual({
      client_certificates: ['b'],
      certificates: [],
      upstream_certificates: {},
      pinned_public_keys: { 'a.example': 'c' },
      request_signing: { certificate_id: '', algorithm: 'rsa-sha256' },
      name: 'x',
    });
    const oas = { upstream: { mutualTLS: { domainToCertificateMapping: [{ domain: '*', certificate: id }] } } };
    expect(withoutCertificate(oas, id)).toEqual({ upstream: { mutualTLS: { domainToCertificateMapping: [] } } });
  });

  it('get their renewal beside them where several may stand and in their place where one does, once', () => {
    const renewed = {
      client_certificates: ['new', id, 'b'],
      certificates: ['new', id],
      upstream_certificates: { '*': 'new' },
      pinned_public_keys: { 'a.example': `new,${id},c` },
      request_signing: { certificate_id: 'new', algorithm: 'rsa-sha256' },
    };
    expect(withCertificate({ api_definition: definition }, id, 'new')).toEqual({ api_definition: renewed });
    expect(withCertificate(renewed, id, 'new')).toEqual(renewed);
    expect(withCertificate([id, 'b', id], id, 'new')).toEqual(['new', id, 'b', id]);
    const mapping = (certificate: string) => ({ domainToCertificateMapping: [{ domain: '*', certificate }] });
    expect(withCertificate(mapping(id), id, 'new')).toEqual(mapping('new'));
  });
});
