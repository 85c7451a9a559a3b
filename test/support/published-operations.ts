import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { textOf, type JsonReply } from '@castellan/testing';

const document = JSON.parse(readFileSync(join(__dirname, '..', '..', 'openapi.json'), 'utf8')) as JsonReply;

/** An operation of `openapi.json`. */
export interface PublishedOperation {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  /** What it asks for: `public`, `admin`, `node`, `any` or a right such as `apis:read`. */
  readonly permission: string;
  /** A super user who names no organisation is shown what all have. */
  readonly everywhere: boolean;
  /** The names in the path, in their order. */
  readonly pathNames: readonly string[];
  /** The parameters of the query that take any text. */
  readonly textQueries: readonly string[];
  readonly operation: JsonReply;
}

const parametersOf = (operation: JsonReply, place: string): readonly JsonReply[] =>
  Object.values(operation['parameters'] ?? {}).filter((parameter) => textOf(parameter['in']) === place);

const isText = ({ schema }: JsonReply): boolean =>
  schema?.['type'] !== undefined && textOf(schema['type']) === 'string' && !('enum' in schema);

/** Every operation of the document, by its id. */
export const publishedOperations: ReadonlyMap<string, PublishedOperation> = new Map(
  Object.entries(document['paths'] ?? {}).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, PublishedOperation] => {
      const id = textOf(operation['operationId']);
      const permission = textOf(operation['x-permission']);
      const everywhere = Boolean(operation['x-everywhere'] ?? false);
      const pathNames = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
      const textQueries = parametersOf(operation, 'query')
        .filter(isText)
        .map((parameter) => textOf(parameter['name']));
      const asked = { permission, everywhere, pathNames, textQueries };
      return [id, { id, method: method.toUpperCase(), path, ...asked, operation }];
    }),
  ),
);

/** The example of its body; undefined when it takes none. */
export const exampleBodyOf = ({ operation }: PublishedOperation): JsonReply | undefined =>
  operation['requestBody']?.['content']?.['application/json']?.['example'];

/** The path with the examples of its parameters in it, or with what is given instead. */
export const pathWith = (
  { path, operation }: PublishedOperation,
  given: Readonly<Record<string, string>> = {},
): string =>
  parametersOf(operation, 'path').reduce((text, parameter) => {
    const name = textOf(parameter['name']);
    const example: unknown = parameter['example'] ?? parameter['schema']?.['example'] ?? 1;
    const value = given[name] ?? (typeof example === 'string' ? example : JSON.stringify(example));
    return text.replace(`{${name}}`, encodeURIComponent(value));
  }, path);
