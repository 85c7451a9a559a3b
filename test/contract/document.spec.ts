import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { textOf, type JsonReply } from '@castellan/testing';
import { tags } from '../../apps/api/src/documentation/tags';

const text = readFileSync(join(__dirname, '..', '..', 'openapi.json'), 'utf8');
const document = JSON.parse(text) as JsonReply;

const operations = Object.values(document['paths'] ?? {}).flatMap((path) => Object.values(path));
const named = (found: readonly JsonReply[]): readonly string[] => found.map(({ operationId }) => textOf(operationId));
const lacking = (isThere: (operation: JsonReply) => boolean): readonly string[] =>
  named(operations.filter((operation) => !isThere(operation)));

describe('the published document', () => {
  it('describes every operation beyond its summary', () => {
    expect(lacking(({ summary, description }) => textOf(description).length > 0 && description !== summary)).toEqual(
      [],
    );
    expect(operations.length).toBeGreaterThan(100);
  });

  it('names the group of every operation, and says what each group is about', () => {
    const known = tags.map(([name]) => name);
    expect(lacking((operation) => known.includes(textOf(operation['tags']?.[0])))).toEqual([]);
    expect(Object.values(document['tags'] ?? {}).map(({ name }) => name)).toEqual(known);
  });

  it('says the request id with every reply that it describes in full', () => {
    const replies = operations.flatMap((operation) => Object.values(operation['responses'] ?? {}));
    const without = replies.filter((reply) => !('$ref' in reply) && reply['headers']?.['X-Request-ID'] === undefined);
    expect(without).toEqual([]);
  });

  it('gives Go a name for each of two fields that it would call the same', () => {
    const schemas = Object.entries(document['components']?.['schemas'] ?? {});
    const both = schemas.filter(([, schema]) => ['_id', 'id'].every((field) => field in (schema['properties'] ?? {})));
    expect(both.filter(([, schema]) => schema['properties']?.['_id']?.['x-go-name'] === undefined)).toEqual([]);
    expect(both.length).toBeGreaterThan(0);
  });
});
