import { ValidationFailed } from '@castellan/dto';
import { isPem, readBundle, readCertificate, readPem, UnfitUpload, type Bundle, type PemBlock } from '@castellan/tyk';
import type { FormPart } from '../http/form-parts';
import { Threads } from '../threads/threads';
import type { Pkcs12Task } from './pkcs12.worker';
import type { Pkcs12Outcome } from '@castellan/tyk';

/** More than any certificate with its chain and key takes, in bytes. */
export const largestFile = 256 * 1024;
/** A certificate, its key and its chain may come one by one. */
export const mostFiles = 4;

const passwordFields = new Set(['password', 'passphrase']);
const longestPassword = 1_000;

const openers = new Threads<Pkcs12Task, Pkcs12Outcome>(require.resolve('./pkcs12.worker'), {
  memory: 'checks',
  waiting: 16,
  longest: 20_000,
});

const refuse = (path: string, message: string): never => {
  throw new ValidationFailed([{ path, message }]);
};

/**
 * What a form holds: a certificate as PEM, DER or PKCS#12, under whatever name, with a `password` where something in it is
 * encrypted.
 *
 * @throws ValidationFailed, Busy
 */
export const readUpload = async (parts: readonly FormPart[], now: Date): Promise<Bundle> => {
  const password = parts.find(({ name }) => passwordFields.has(name))?.content.toString('utf8') ?? '';
  if (password.length > longestPassword) refuse('password', `must have at most ${longestPassword} characters`);
  const files = parts.filter(({ name, isFile, content }) => isFile || (!passwordFields.has(name) && hasPem(content)));
  const [first] = files;
  if (first === undefined) return refuse('file', 'is required: a certificate as PEM, DER or PKCS#12');
  const blocks: PemBlock[] = [];
  for (const { name, content } of files) {
    if (content.length > largestFile) refuse(name, `must have at most ${largestFile} bytes`);
    blocks.push(...(await blocksOf(name, content, password)));
  }
  try {
    return readBundle(blocks, password, now);
  } catch (error) {
    if (!(error instanceof UnfitUpload)) throw error;
    return refuse(first.name, error.message);
  }
};

const hasPem = (content: Buffer): boolean => isPem(content.toString('latin1'));

const blocksOf = async (name: string, content: Buffer, password: string): Promise<readonly PemBlock[]> => {
  if (content.length === 0) return refuse(name, 'is empty');
  if (hasPem(content)) {
    const blocks = readPem(content.toString('latin1'));
    if (blocks === null) return refuse(name, 'holds a block that is not base64');
    return blocks.length > 0 ? blocks : refuse(name, 'begins a block and does not end it');
  }
  const certificate = readCertificate(content);
  if (certificate !== null) return [{ label: 'CERTIFICATE', bytes: content, text: '' }];
  // A sequence, which PKCS#12 begins with too.
  if (content[0] !== 0x30) return refuse(name, 'is neither PEM, nor a certificate in DER, nor PKCS#12');
  const outcome = await openers.run({ file: content.toString('base64'), password });
  return 'pem' in outcome ? (readPem(outcome.pem) ?? []) : refuse(name, outcome.problem);
};
