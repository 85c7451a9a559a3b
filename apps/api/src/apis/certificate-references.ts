import { ValidationFailed, type FieldError } from '@castellan/dto';
import type { CertificateRow } from '@castellan/persistence';
import {
  certificateUses,
  flagAt,
  keyIsReadable,
  parseJson,
  type CertificateUse,
  type JsonObject,
} from '@castellan/tyk';

/** As much of a certificate as decides about what it may be used for. */
type Known = Pick<CertificateRow, 'certificateId' | 'hasPrivate' | 'links' | 'text'>;

/** Uses for which gateways need the private key, and ignore a certificate without one. */
const needsKey = new Set(['server', 'upstream', 'signing']);

/**
 * Refuses a definition that names a certificate which the organisation does not have. Gateways take what they do not find for the
 * name of a file on their disk, so such names pass for what it shows itself, but not for callers' certificates: gateways of 3.1
 * let every caller in while one of those is missing (docs/tyk/certificates.md#missing). What the API named before it keeps.
 *
 * @param before the definition that there was; null for a new API
 * @param find looks certificates up by their ids
 * @param secret what gateways read private keys with; empty when that is not known
 * @throws ValidationFailed
 */
export const requireCertificates = async (
  definition: JsonObject,
  before: JsonObject | null,
  find: (ids: readonly string[]) => Promise<readonly Known[]>,
  secret: string,
): Promise<void> => {
  const kept = new Set((before === null ? [] : certificateUses(before)).map(nameOf));
  const uses = certificateUses(definition).filter((use) => !kept.has(nameOf(use)));
  if (uses.length === 0) return;
  const ids = [...new Set(uses.map(({ id }) => id))];
  const known = new Map((await find(ids)).map((one) => [one.certificateId, one]));
  const problems = uses.flatMap((use): FieldError[] => {
    const message = problemOf(use, known.get(use.id), secret);
    return message === null ? [] : [{ path: `api_definition.${use.path}`, message }];
  });
  if (problems.length > 0) throw new ValidationFailed(problems);
};

/**
 * What is to be said of the certificate authorities among those of an API's callers: gateways differ in whom they let in with one
 * (docs/tyk/certificates.md#missing).
 */
export const authorityNotes = async (
  definition: JsonObject,
  find: (ids: readonly string[]) => Promise<readonly Pick<CertificateRow, 'certificateId' | 'document'>[]>,
): Promise<readonly FieldError[]> => {
  const uses = certificateUses(definition).filter(({ usage }) => usage === 'client');
  if (uses.length === 0) return [];
  const rows = await find(uses.map(({ id }) => id));
  const authorities = new Set(
    rows.filter(({ document }) => flagAt(parseJson(document), 'is_ca')).map(({ certificateId: id }) => id),
  );
  const message =
    'is a CA: gateways up to 5.2 admit nobody with it but itself, and newer ones everybody whose certificate it has signed';
  return uses.flatMap(({ id, path }) => (authorities.has(id) ? [{ path: `api_definition.${path}`, message }] : []));
};

const nameOf = ({ usage, id }: CertificateUse): string => `${usage} ${id}`;

/** How certificates are named: by their organisation and their fingerprint. Anything else may be a file on gateways' disks. */
const certificateId = /^[0-9a-f]{24}[0-9a-f]{64}$/i;

const problemOf = ({ usage, id }: CertificateUse, known: Known | undefined, secret: string): string | null => {
  if (known === undefined) {
    const isFile = ['server', 'upstream'].includes(usage) && !certificateId.test(id);
    return isFile ? null : 'names no certificate of the organisation';
  }
  // What gateways cannot decrypt is for them not there.
  if (keyIsReadable(known.text, secret) === false)
    return 'has a private key that is encrypted with another secret than CASTELLAN_CERTIFICATE_SECRET; upload it again';
  if (usage === 'client' && known.links > 1) {
    return 'has a chain, with the end of which gateways compare callers; upload the certificate without it';
  }
  if (usage === 'client' && known.links === 0) return 'is a public key, not a certificate';
  return needsKey.has(usage) && !known.hasPrivate ? 'has no private key, without which gateways ignore it' : null;
};
