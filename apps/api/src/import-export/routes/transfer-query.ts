import type { JsonValue } from '@castellan/tyk';
import { BodyTooLarge } from '../../http/bodies/refusals';
import { decisiveFlag, narrowing, narrowingTexts, neverEmpty, oneOf } from '../../http/query/parameter';
import { RouteQuery } from '../../http/query/query';
import type { ExportFormat } from '../export.service';
import { readYaml } from '../yaml';

const yamlTypes = /\b(application|text)\/(x-)?yaml\b/i;

const narrowingParameters = {
  tags: narrowingTexts({ description: 'Comma-separated: only what has all of these tags', example: 'eu,payments' }),
  category: narrowing({ description: 'Only APIs of this category', maxLength: 256 }),
};

export const exportQuery = new RouteQuery({
  format: neverEmpty(oneOf(['json', 'yaml'], { description: 'Otherwise by `Accept`' })),
  ...narrowingParameters,
});

export const importQuery = new RouteQuery({
  dryRun: decisiveFlag({ description: 'Say what would be done, and do nothing' }),
  prune: decisiveFlag({ description: 'Delete what the document’s sections lack' }),
  ...narrowingParameters,
});

/** The format that a query or, without one, the `Accept` header asks for. */
export const formatFrom = (format: ExportFormat | undefined, accept: string | undefined): ExportFormat =>
  format ?? (yamlTypes.test(accept ?? '') ? 'yaml' : 'json');

/**
 * The document of a body, which the server has parsed when it is JSON, and left as text when it is YAML.
 *
 * @param limit how many bytes of YAML are read
 * @throws MalformedBody, BodyTooLarge, Busy
 */
export const documentFrom = async (body: unknown, limit: number): Promise<JsonValue | undefined> => {
  // Bodies come out of the JSON parser, so they hold JSON values only.
  if (typeof body !== 'string') return body as JsonValue | undefined;
  if (Buffer.byteLength(body) > limit) {
    throw new BodyTooLarge(`YAML is read up to ${limit} bytes; send larger documents as JSON`);
  }
  return readYaml(body, limit);
};

/** Weak tags and those that a compressing proxy has marked count too. */
const entityTag = /^(?:W\/)?"([0-9a-f]{64})(?:-yaml)?(?:[-;][a-z]+)?"$/i;

const tagsOf = (header: string): readonly string[] =>
  header.split(',').flatMap((tag) => entityTag.exec(tag.trim())?.[1] ?? []);

export const exportTag = (tag: string, format: ExportFormat): string =>
  format === 'json' ? `"${tag}"` : `"${tag}-yaml"`;

/** Whether `If-None-Match` names this very export. */
export const isKnownExport = (header: string | undefined, tag: string, format: ExportFormat): boolean =>
  (header ?? '').split(',').some((given) => {
    const isYaml = given.includes('-yaml');
    return tagsOf(given).includes(tag) && isYaml === (format === 'yaml');
  });

/** What `If-Match` demands of the configuration that an import is about to change. */
export const demandOf = (header: string | undefined): 'nothing' | 'anything' | readonly string[] => {
  if (header === undefined) return 'nothing';
  return header.trim() === '*' ? 'anything' : tagsOf(header);
};
