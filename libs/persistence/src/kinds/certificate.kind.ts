import type { ResourceRow } from '../resources/resource-row';
import { defineKind } from './kind';

/** A certificate, or a public key. The document says what is to be seen of it. */
export interface CertificateRow extends ResourceRow {
  /** Organisation and fingerprint: what definitions and keys name it by, and nodes look for. */
  readonly certificateId: string;
  readonly subject: string;
  /** Null for a public key, which never expires. */
  readonly notAfter: Date | null;
  readonly hasPrivate: boolean;
  /** How many certificates its text holds; 0 for a public key. */
  readonly links: number;
  /** What nodes read, with the private key encrypted. */
  readonly text: string;
  /** The days before its end of which a warning was given last; null when none was. */
  readonly warnedOf: number | null;
}

/** Certificates. Nodes find them in Redis; what is there is made of these rows. */
export const certificateKind = defineKind<CertificateRow>({
  name: 'certificate',
  noun: 'Certificate',
  plural: 'Certificates',
  called: 'certificate',
  permission: 'certs',
  collection: 'certificates',
  fields: {
    certificateId: { type: String, required: true },
    subject: { type: String, default: '' },
    notAfter: { type: Date, default: null },
    hasPrivate: { type: Boolean, required: true },
    links: { type: Number, required: true },
    text: { type: String, required: true },
    warnedOf: { type: Number, default: null },
  },
  indexes: [
    [{ certificateId: 1 }, { unique: true }],
    [{ orgId: 1, createdAt: 1, _id: 1 }],
    [{ orgId: 1, notAfter: 1 }],
  ],
  keyOf: ({ certificateId }) => certificateId,
  refersTo: [],
  embeds: [],
  history: 'digests',
  shown: ['id', 'fingerprint', 'subject', 'issuer', 'dns_names', 'not_before', 'not_after', 'has_private', 'is_ca'],
  served: null,
  documents: null,
  counted: true,
});
