import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isJsonObject, parseJson, type JsonObject } from '../json/json-text';

const SHARED = resolve(__dirname, '../../../../../shared/fixtures');

/**
 * Real documents that lie beside the repository where it is developed. Elsewhere there are none: a line says so and the
 * list is empty, which leaves the tests to the project's own fixtures.
 */
export function sharedDocuments(path: string): JsonObject[] {
  const source = join(SHARED, path);
  if (!existsSync(source)) {
    process.stdout.write(`skipped: no shared fixtures at ${path}\n`);
    return [];
  }
  const texts = path.endsWith('.jsonl')
    ? readFileSync(source, 'utf8').trimEnd().split('\n')
    : readdirSync(source).map((file) => readFileSync(join(source, file), 'utf8'));
  return texts.map((text) => parseJson(text)).filter((value) => isJsonObject(value));
}
