import type { CertificateRow, Draft } from '@castellan/persistence';
import {
  certificateText,
  objectAt,
  parseJson,
  readBundle,
  readPem,
  UnfitUpload,
  type Bundle,
  type JsonObject,
  type JsonValue,
} from '@castellan/tyk';

/** The zero time of Go, which stands for what has no date. */
const noDate = '0001-01-01T00:00:00Z';

/** Go writes times without fractions of seconds. */
const goTime = (date: Date): string => date.toISOString().replace(/\.\d+Z$/, 'Z');

/** The row of a certificate: what is to be seen of it as the document, and the text that nodes read. */
export const certificateDraft = (
  _id: CertificateRow['_id'],
  organisation: string,
  bundle: Bundle,
  text: string,
): Draft<CertificateRow> => {
  const certificateId = `${organisation}${fingerprintOf(bundle)}`;
  if (bundle.form === 'public key') {
    // As gateways call it.
    const subject = { CommonName: `Public Key: ${bundle.fingerprint}` };
    const facts = { id: certificateId, fingerprint: bundle.fingerprint, has_private: false, issuer: {}, subject };
    const dates = { not_before: noDate, not_after: noDate };
    const document = JSON.stringify({ ...facts, ...dates, dns_names: [], is_ca: false });
    const row = { subject: subject.CommonName, notAfter: null, hasPrivate: false, links: 0, warnedOf: null };
    return { _id, certificateId, ...row, document, text };
  }
  const { leaf, chain, key } = bundle;
  const document = JSON.stringify({
    id: certificateId,
    fingerprint: leaf.fingerprint,
    has_private: key !== null,
    issuer: leaf.issuer,
    subject: leaf.subject,
    not_before: goTime(leaf.notBefore),
    not_after: goTime(leaf.notAfter),
    dns_names: leaf.dnsNames,
    is_ca: leaf.isCa,
  });
  const row = { subject: leaf.subject.CommonName, notAfter: leaf.notAfter, hasPrivate: key !== null, warnedOf: null };
  return { _id, certificateId, ...row, links: 1 + chain.length, document, text };
};

const fingerprintOf = (bundle: Bundle): string =>
  bundle.form === 'public key' ? bundle.fingerprint : bundle.leaf.fingerprint;

/** The text of an upload. @param secret encrypts the private key */
export const textOf = (bundle: Bundle, secret: string): string => certificateText(bundle, secret);

/**
 * The row of a certificate that a node was given, with the text as the node wrote it. Its private key cannot be compared with
 * it: it may be encrypted with a secret that is not ours.
 *
 * @returns null for what is no certificate, or of another id
 */
export const foundDraft = (
  _id: CertificateRow['_id'],
  organisation: string,
  certificateId: string,
  text: string,
): Draft<CertificateRow> | null => {
  const blocks = readPem(text) ?? [];
  const isKey = (label: string): boolean => label.endsWith('PRIVATE KEY');
  const [first] = blocks.filter(({ label }) => !isKey(label));
  if (first === undefined) return null;
  try {
    // Of a chain the first is what it is named by, whether it has ended or not.
    const bundle = readBundle([first], '', new Date(0));
    const draft = certificateDraft(_id, organisation, bundle, text);
    if (draft.certificateId !== certificateId) return null;
    const hasPrivate = blocks.some(({ label }) => isKey(label));
    const document = JSON.stringify({ ...objectAt(parseJson(draft.document)), has_private: hasPrivate });
    const links = blocks.filter(({ label }) => label === 'CERTIFICATE').length;
    return { ...draft, hasPrivate, document, links };
  } catch (error) {
    if (error instanceof UnfitUpload) return null;
    throw error;
  }
};

/** A certificate whole, as clients get it. */
export const certificateMeta = ({ document }: CertificateRow): JsonObject => {
  const { is_ca, ...meta } = objectAt(parseJson(document));
  return { ...meta, is_ca: is_ca ?? false };
};

/** A certificate in lists with details. */
export const certificateBasics = (row: CertificateRow): JsonObject => {
  const meta = certificateMeta(row);
  const name = (field: string): JsonValue => objectAt(meta, field)['CommonName'] ?? '';
  return {
    id: row.certificateId,
    issuer_cn: name('issuer'),
    subject_cn: name('subject'),
    dns_names: meta['dns_names'] ?? [],
    has_private: row.hasPrivate,
    not_before: meta['not_before'] ?? noDate,
    not_after: meta['not_after'] ?? noDate,
    is_ca: meta['is_ca'] ?? false,
  };
};
