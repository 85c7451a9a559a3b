import { isJsonObject, type JsonObject, type JsonValue } from '../json/json-text';
import { listAt, objectAt, textAt } from '../json/read';

/** What an API needs a certificate for. */
export type CertificateUsage = 'client' | 'upstream' | 'server' | 'pinned' | 'signing';

export interface CertificateUse {
  readonly id: string;
  readonly usage: CertificateUsage;
  /** Where it stands in the definition, such as `client_certificates[0]`. */
  readonly path: string;
}

/** Every certificate that a classic definition names, in the order of the definition. */
export function certificateUses(definition: JsonObject): readonly CertificateUse[] {
  const list = (name: string, usage: CertificateUsage): CertificateUse[] =>
    listAt(definition, name).flatMap((id, at) => {
      const use = { usage, path: `${name}[${at}]` };
      // Gateways read null as a certificate without a name, and look for it.
      if (id === null) return [{ ...use, id: '' }];
      return typeof id === 'string' ? [{ ...use, id }] : [];
    });
  const byHost = (name: string): [string, string][] =>
    Object.entries(objectAt(definition, name)).flatMap(([host, ids]) => (typeof ids === 'string' ? [[host, ids]] : []));
  const signing = textAt(definition, 'request_signing', 'certificate_id');
  return [
    ...list('client_certificates', 'client'),
    ...list('certificates', 'server'),
    ...byHost('upstream_certificates').map(([host, id]) => ({
      ...{ id, usage: 'upstream' as const, path: `upstream_certificates[${JSON.stringify(host)}]` },
    })),
    // Several keys of a host are separated by commas.
    ...byHost('pinned_public_keys').flatMap(([host, ids]) =>
      ids.split(',').map((id) => ({
        ...{ id: id.trim(), usage: 'pinned' as const, path: `pinned_public_keys[${JSON.stringify(host)}]` },
      })),
    ),
    ...(signing === '' ? [] : [{ id: signing, usage: 'signing' as const, path: 'request_signing.certificate_id' }]),
  ];
}

/** Fields of objects in lists that stand for one certificate of one host: with it, the whole entry goes. */
const entryField = 'certificate';
/** Fields that are empty when they name nothing. */
const emptied = new Set(['certificate_id', 'certificateId']);

/** A JSON document, such as a definition of either kind, that names a certificate nowhere any more. */
export function withoutCertificate(value: JsonValue, id: string): JsonValue {
  if (Array.isArray(value)) {
    const kept = value.filter((item) => item !== id && textAt(item, entryField) !== id);
    return kept.map((item) => withoutCertificate(item, id));
  }
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, field]): [string, JsonValue][] => {
      if (typeof field !== 'string' || !field.includes(id)) return [[name, withoutCertificate(field, id)]];
      // Keys of a host are separated by commas.
      const ids = field.split(',').map((one) => one.trim());
      const rest = ids.filter((one) => one !== id);
      if (rest.length === ids.length) return [[name, field]];
      if (rest.length > 0) return [[name, rest.join(',')]];
      return emptied.has(name) ? [[name, '']] : [];
    }),
  );
}

/** Objects whose fields each hold several ids with commas between them. */
const joined = 'pinned_public_keys';

/**
 * A JSON document, such as a definition of either kind, that names another certificate wherever it names one: before it where several
 * may stand, and in its place where one alone does.
 */
export function withCertificate(value: JsonValue, from: string, to: string, parent = ''): JsonValue {
  if (Array.isArray(value)) {
    // Once, also where it stands twice.
    const [first, isNew] = [value.indexOf(from), !value.includes(to)];
    const items = value.flatMap((item, at) => (isNew && at === first ? [to, item] : [item]));
    return items.map((item) => (item === from ? item : withCertificate(item, from, to)));
  }
  if (isJsonObject(value))
    return Object.fromEntries(
      Object.entries(value).map(([name, field]) => [
        name,
        withCertificate(field, from, to, parent === joined ? parent : name),
      ]),
    );
  if (typeof value !== 'string') return value;
  const ids = value.split(',').map((one) => one.trim());
  if (!ids.includes(from)) return value;
  if (parent !== joined) return ids.map((id) => (id === from ? to : id)).join(',');
  return ids.includes(to) ? value : ids.flatMap((id) => (id === from ? [to, id] : [id])).join(',');
}
