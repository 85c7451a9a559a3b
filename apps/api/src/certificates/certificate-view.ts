import type { CertificateRow } from '@castellan/persistence';
import { textAt, type JsonObject } from '@castellan/tyk';
import { certificateMeta } from './certificate-content';
import type { CertificateUsers } from './certificate-users';

export const dayMs = 24 * 3600 * 1_000;

/** In the last week, an end is critical. */
const criticalDays = 7;

/** Whole days until then; negative after it. */
export const daysUntil = (end: Date, now: Date): number => Math.floor((end.getTime() - now.getTime()) / dayMs);

/**
 * A certificate whole.
 *
 * @param keyIsReadable null when there is no private key, or nothing to say of it
 */
export const certificateView = (row: CertificateRow, now: Date, keyIsReadable: boolean | null = null): JsonObject => ({
  ...certificateMeta(row),
  state: stateOf(row, now),
  warnings: warningsOf(row, keyIsReadable),
});

const stateOf = (row: CertificateRow, now: Date): string => {
  if (row.notAfter === null) return 'valid';
  if (row.notAfter.getTime() <= now.getTime()) return 'expired';
  return new Date(textAt(certificateMeta(row), 'not_before')).getTime() > now.getTime() ? 'not yet valid' : 'valid';
};

const warningsOf = (row: CertificateRow, keyIsReadable: boolean | null): string[] => [
  ...(certificateMeta(row)['is_ca'] === true
    ? [
        'It is a CA: as a client certificate, gateways up to 5.2 admit nobody with it but itself, and newer ones admit everybody whose certificate it has signed',
      ]
    : []),
  ...(row.links > 1
    ? ['It has a chain, and cannot be a client certificate: gateways would compare callers with the end of the chain']
    : []),
  ...(keyIsReadable === false
    ? ['Its private key is encrypted with another secret than CASTELLAN_CERTIFICATE_SECRET; upload it again']
    : []),
];

/** The APIs that use a certificate, in the form of the original. */
export const usingApisOf = ({ apis }: CertificateUsers) =>
  apis.map(({ row, usages }) => ({
    api_id: row.apiId,
    name: row.name,
    usage_type: usages,
    tyk_api_type: row.isOas ? 'Tyk OAS' : 'Tyk Classic',
  }));

/** The same as lists side by side, with the key that is bound to it. */
export const dependenciesOf = ({ certificateId }: CertificateRow, { apis, keys }: CertificateUsers) => {
  const named = (usage: 'client' | 'upstream') => apis.filter(({ usages }) => usages.includes(usage));
  return {
    certID: certificateId,
    client_cert_apis: named('client').map(({ row }) => row.apiId),
    client_cert_api_names: named('client').map(({ row }) => row.name),
    upstream_cert_apis: named('upstream').map(({ row }) => row.apiId),
    upstream_cert_api_names: named('upstream').map(({ row }) => row.name),
    key_cert: keys[0]?.hash ?? '',
  };
};

/** The warning that a certificate ends soon; null for what never ends. */
export const notificationOf = (row: CertificateRow, now: Date) => {
  const { certificateId: id, notAfter, orgId, _id } = row;
  if (notAfter === null) return null;
  const days = daysUntil(notAfter, now);
  const isOver = notAfter.getTime() <= now.getTime();
  return {
    id: _id.toString(),
    created_at: now.toISOString(),
    org_id: orgId.toString(),
    hash: id.slice(-64),
    kind: days < criticalDays ? 'critical' : 'warning',
    topic: 'certificate.expiry',
    title: isOver ? 'Certificate has expired' : 'Certificate will expire soon',
    message: isOver
      ? `Certificate with ID ${id} has expired`
      : `Certificate with ID ${id} will expire in less than ${days + 1} days`,
    data: { cert_id: id, expiry_date: notAfter.toISOString(), days_remaining: days },
  };
};
