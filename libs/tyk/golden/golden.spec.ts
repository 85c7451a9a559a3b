import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isJsonObject, parseJson, type JsonObject, type JsonValue } from '../src/json/json-text';
import { checkDefinition } from '../src/check/classic/check-definition';
import { checkOas } from '../src/check/oas/validate';
import { migrateToOas } from '../src/convert/from-classic';
import { deriveClassicDefinition } from '../src/convert/to-classic';
import { toNodeDocument } from '../src/node/node-document';

/*
 * What the conversions make of small documents, each named after what it shows. An OAS document becomes the classic definition that old nodes
 * read, a classic definition the OAS document of a migration; both become what nodes are served, with a report of what is
 * left out. `npm run golden` writes the outcomes anew: read the difference before it is committed.
 */
const isWriting = process.env['CASTELLAN_TEST_GOLDEN'] === 'write';

const ending = '.in.json';
const names = readdirSync(__dirname)
  .filter((file) => file.endsWith(ending))
  .map((file) => file.slice(0, -ending.length))
  .sort();

const read = (file: string): JsonValue => parseJson(readFileSync(join(__dirname, file), 'utf8'));

const outcomesOf = (document: JsonObject): Readonly<Record<string, JsonValue>> => {
  const plain = (value: unknown): JsonValue => parseJson(JSON.stringify(value));
  if (document['openapi'] !== undefined) {
    expect(checkOas(document)).toEqual([]);
    const node = toNodeDocument(document);
    return { classic: deriveClassicDefinition(document), node: node.document, report: plain(node.lost) };
  }
  expect(checkDefinition(document)).toEqual([]);
  const { oas, report } = migrateToOas(document);
  const node = toNodeDocument(oas);
  return { oas, classic: deriveClassicDefinition(oas), node: node.document, report: plain([...report, ...node.lost]) };
};

describe('conversions', () => {
  it('are shown by a handful of documents', () => {
    expect(names.length).toBeGreaterThanOrEqual(10);
  });

  it.each(names)('of %s', (name) => {
    const document = read(`${name}${ending}`);
    if (!isJsonObject(document)) throw new Error(`${name} is no object`);
    const outcomes = outcomesOf(document);
    for (const [kind, outcome] of Object.entries(outcomes)) {
      const file = `${name}.${kind}.json`;
      if (isWriting) writeFileSync(join(__dirname, file), JSON.stringify(outcome, null, 2));
      // As texts, so that the order of fields counts too.
      expect(JSON.stringify(outcome, null, 2)).toBe(JSON.stringify(read(file), null, 2));
    }
  });

  it('leave no outcome behind whose document is gone', () => {
    const left = readdirSync(__dirname).filter((file) => /\.(?:oas|classic|node|report)\.json$/.test(file));
    const orphans = left.filter((file) => !existsSync(join(__dirname, file.replace(/\.\w+\.json$/, ending))));
    expect(orphans).toEqual([]);
  });
});
