import type { JsonObject } from '../json/json-text';
import { objectAt } from '../json/read';
import { pathTemplate } from '../openapi/paths';
import type { Problem } from '../schema/check';
import { entryPath } from '../schema/path';

/**
 * Leaves out the paths that differ from an earlier one in the names of their parameters only. OpenAPI forbids them, gateways load no such
 * document, and well-known public ones have them all the same.
 */
export function withoutTwinPaths(document: JsonObject): { document: JsonObject; notes: Problem[] } {
  const seen = new Map<string, string>();
  const notes: Problem[] = [];
  const kept = Object.entries(objectAt(document['paths'])).filter(([path]) => {
    const template = pathTemplate(path);
    const first = seen.get(template);
    if (first === undefined) seen.set(template, path);
    else
      notes.push({
        path: entryPath('paths', path),
        message: `is left out: the same path as "${first}" with other names`,
      });
    return first === undefined;
  });
  return notes.length === 0
    ? { document, notes }
    : { document: { ...document, paths: Object.fromEntries(kept) }, notes };
}
