import type { FieldError } from '@castellan/dto';
import { TYK_EXTENSION, type JsonObject } from '@castellan/tyk';
import { isOasWrapper } from './wrapper';

/** Where fields of the definition that is derived from the document of an OAS API stand in that document. */
const origins: Readonly<Record<string, string>> = {
  'proxy.listen_path': 'server.listenPath.value',
  'proxy.target_url': 'upstream.url',
  domain: 'server.customDomain.name',
  certificates: 'server.customDomain.certificates',
  client_certificates: 'server.clientCertificates.allowlist',
  api_id: 'info.id',
  'definition.versions': 'info.versioning.versions',
};

const inDefinition = 'api_definition.';

/** The path of a field of the derived definition as its author knows it; one that is derived of no single field stays. */
export const documentPath = (path: string): string => {
  if (!path.startsWith(inDefinition)) return path;
  const [, field = '', below = ''] = /^([^[]*)(.*)$/.exec(path.slice(inDefinition.length)) ?? [];
  const origin = origins[field];
  return origin === undefined ? path : `${TYK_EXTENSION}.${origin}${below}`;
};

/** Problems of a wrapper's definition, named where the author of the wrapper wrote what is wrong. */
export const asWritten = (wrapper: JsonObject, problems: readonly FieldError[]): readonly FieldError[] => {
  if (!isOasWrapper(wrapper)) return problems;
  return problems.map(({ path, message }) => {
    const origin = documentPath(path);
    return { path: origin === path ? path : `oas.${origin}`, message };
  });
};
