import type { Bundle } from './bundle';
import { encryptKey } from './key-block';
import { writePem } from './pem';
import { derOfKey } from './private-key';

/**
 * The text that gateways read: the certificate, its chain, its key (docs/tyk/certificates.md#redis).
 *
 * @param secret encrypts the private key
 */
export function certificateText(bundle: Bundle, secret: string): string {
  if (bundle.form === 'public key') return writePem('PUBLIC KEY', bundle.der);
  const { leaf, chain, key } = bundle;
  const certificates = [leaf, ...chain].map(({ der }) => writePem('CERTIFICATE', der)).join('\n');
  return key === null ? certificates : `${certificates}\n${encryptKey(derOfKey(key), secret)}`;
}

/** Where gateways look for a certificate. @param id organisation and fingerprint */
export const certificateName = (id: string): string => `cert-raw-${id}`;

/** The list of an organisation's certificates, of {@link indexEntry indexEntries}. */
export const certificateIndexName = (organisation: string): string => `cert-${organisation}-index`;

const ENTRY = 'raw-';

export const indexEntry = (id: string): string => `${ENTRY}${id}`;

/** The id of an entry; null for what is none. */
export const idOfEntry = (entry: string): string | null => (entry.startsWith(ENTRY) ? entry.slice(ENTRY.length) : null);
