import { asn1, hmac, md, pkcs12, pki, util } from 'node-forge';
import { bytesOf, childrenOf, oidOf, writeDer, type Node } from './der';
import { writePem } from './pem';

/** What a PKCS#12 file holds, as PEM, or why it cannot be read. */
export type Pkcs12Outcome = { readonly pem: string } | { readonly problem: string };

/** What programs write comes to some thousands; more is there to keep a server busy. */
const MOST_ITERATIONS = 200_000;
const PBMAC1 = '1.2.840.113549.1.5.14';

const digests = new Map([
  ['1.3.14.3.2.26', { create: () => md.sha1.create(), length: 20 }],
  ['2.16.840.1.101.3.4.2.1', { create: () => md.sha256.create(), length: 32 }],
  ['2.16.840.1.101.3.4.2.2', { create: () => md.sha384.create(), length: 48 }],
  ['2.16.840.1.101.3.4.2.3', { create: () => md.sha512.create(), length: 64 }],
]);

/**
 * Reads a PKCS#12 file: with what OpenSSL, Windows and Java write today and have written before. It takes time on purpose, so
 * it is for a thread of its own.
 */
export function readPkcs12(der: Buffer, password: string): Pkcs12Outcome {
  const file = parse(der);
  if (file === null) return { problem: 'is no PKCS#12 file' };
  const [version, content, mac] = childrenOf(file);
  if (version === undefined || content === undefined) return { problem: 'is no PKCS#12 file' };
  const checked = checkMac(content, mac, password);
  if ('problem' in checked) return checked;
  // The check of the library counts a password in one way for all; so it is done above, and the library sees none.
  const open = asn1.create(file.tagClass, file.type, true, [version, content]);
  for (const spelling of spellings(checked.password)) {
    const pem = blocksOf(open, spelling);
    if (pem !== null) return { pem };
  }
  return {
    problem:
      mac === undefined
        ? 'cannot be opened with this password, or is encrypted in a way that is not read here'
        : 'is encrypted in a way that is not read here; export it again with AES (openssl pkcs12 -export)',
  };
}

function parse(der: Buffer): Node | null {
  try {
    const node = asn1.fromDer(util.createBuffer(der.toString('binary')), false);
    return bytesOf(childrenOf(node)[0])[0] === 3 ? node : null;
  } catch {
    return null;
  }
}

/** @returns the password in the form that fits; an empty one may be written as an empty text, or as none */
function checkMac(
  content: Node,
  mac: Node | undefined,
  password: string,
): { readonly password: string | null } | { readonly problem: string } {
  if (mac === undefined) return { password };
  const [info, salt, count] = childrenOf(mac);
  const [algorithm, expected] = childrenOf(info);
  const oid = oidOf(childrenOf(algorithm)[0]).join('.');
  const digest = digests.get(oid);
  if (digest === undefined) {
    const said = oid === PBMAC1 ? 'PBMAC1' : 'a code that is not read here';
    return { problem: `is protected with ${said}; export it again with a MAC of SHA-256 (openssl pkcs12 -export)` };
  }
  const iterations = count === undefined ? 1 : Number(`0x${bytesOf(count).toString('hex') || '0'}`);
  if (iterations < 1 || iterations > MOST_ITERATIONS) {
    return { problem: `asks for ${iterations} iterations; ${MOST_ITERATIONS} are the most` };
  }
  const data = bytesOf(childrenOf(childrenOf(content)[1])[0]).toString('binary');
  for (const candidate of password === '' ? ['', null] : [password]) {
    const saltBuffer = util.createBuffer(bytesOf(salt).toString('binary'));
    const key = pkcs12.generateKey(candidate, saltBuffer, 3, iterations, digest.length, digest.create());
    const code = hmac.create();
    code.start(digest.create(), key);
    code.update(data);
    if (Buffer.from(code.digest().getBytes(), 'binary').equals(bytesOf(expected))) return { password: candidate };
  }
  return { problem: 'cannot be opened: the password is wrong' };
}

/** The old ways to encrypt take a password as it is, the newer ones its UTF-8. */
const spellings = (password: string | null): readonly (string | undefined)[] =>
  password === null ? [undefined, ''] : [...new Set([password, util.encodeUtf8(password)])];

function blocksOf(file: Node, password: string | undefined): string | null {
  try {
    const { safeContents } = pkcs12.pkcs12FromAsn1(file, false, password);
    return safeContents.flatMap(({ safeBags }) => safeBags.map(blockOf)).join('');
  } catch {
    return null;
  }
}

function blockOf({ type, cert, key, asn1: other }: pkcs12.Bag): string {
  const { certBag, keyBag, pkcs8ShroudedKeyBag } = pki.oids;
  // What the library does not know, such as keys on curves, it leaves as it was.
  if (type === certBag) return writePem('CERTIFICATE', writeDer(cert ? pki.certificateToAsn1(cert) : other));
  if (type !== keyBag && type !== pkcs8ShroudedKeyBag) return '';
  return key ? pki.privateKeyToPem(key) : writePem('PRIVATE KEY', writeDer(other));
}
