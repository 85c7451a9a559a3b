import { isDeepStrictEqual } from 'node:util';
import type { OpenAPIObject } from '@nestjs/swagger';
import { keepsUnknownFields } from '@castellan/dto';
import { bodyExtension } from '../http/body-docs';
import { exampleOf, type Schemas } from './example';

type Fields = Record<string, unknown>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const fieldsOf = (value: unknown): Fields => (isFields(value) ? value : {});

const verbs = ['get', 'post', 'put', 'patch', 'delete'];

/** What Nest’s generator does not say, said: the document is changed and returned. */
export const refined = (document: OpenAPIObject): OpenAPIObject => {
  const schemas: Schemas = fieldsOf(document.components?.schemas);
  for (const [name, schema] of Object.entries(schemas)) refineSchema(name, fieldsOf(schema));
  for (const operation of operationsOf(document.paths)) refineOperation(operation, schemas);
  for (const [path, item] of Object.entries(document.paths)) inPathOrder(path, item);
  if (document.components !== undefined) shareRefusals(document);
  visit(document, nameValues);
  return document;
};

/** What a generated Go client calls itself; a value of the same name, such as a usage of a certificate, does not compile. */
const ofGenerators = 'client';

const nameValues = (schema: Fields): void => {
  const values: unknown = schema['enum'];
  if (!Array.isArray(values) || !values.includes(ofGenerators)) return;
  schema['x-enum-varnames'] ??= values.map((value: unknown) => (value === ofGenerators ? `as_${value}` : value));
};

/** Generated clients take what a path says in the order in which the document lists it: that of the path. */
const inPathOrder = (path: string, item: object): void => {
  for (const operation of operationsOf([item])) {
    const parameters: unknown[] = Array.isArray(operation['parameters']) ? operation['parameters'] : [];
    const isOfPath = (parameter: unknown): boolean => fieldsOf(parameter)['in'] === 'path';
    const placeOf = (parameter: unknown): number => path.indexOf(`{${String(fieldsOf(parameter)['name'])}}`);
    const sorted = parameters.filter(isOfPath).toSorted((one, other) => placeOf(one) - placeOf(other));
    if (parameters.length > 0) {
      operation['parameters'] = parameters.map((parameter) => (isOfPath(parameter) ? sorted.shift() : parameter));
    }
  }
};

/** Errors are the same almost everywhere: each is said once, and named where it may come. */
const shareRefusals = ({ paths, components = {} }: OpenAPIObject): void => {
  const shared: Fields = {};
  for (const operation of operationsOf(paths)) {
    const replies = fieldsOf(operation['responses']);
    for (const [status, reply] of Object.entries(replies).filter(([status]) => status >= '400')) {
      const name = `Error${status}`;
      shared[name] ??= reply;
      if (isDeepStrictEqual(shared[name], reply)) replies[status] = { $ref: `#/components/responses/${name}` };
    }
  }
  Object.assign(components, { responses: shared });
};

const operationsOf = (paths: object): readonly Fields[] =>
  Object.values(paths).flatMap((path: unknown) =>
    Object.entries(fieldsOf(path)).flatMap(([verb, operation]) =>
      verbs.includes(verb) && isFields(operation) ? [operation] : [],
    ),
  );

const refineSchema = (name: string, schema: Fields): void => {
  if (keepsUnknownFields(name)) schema['additionalProperties'] = true;
  visit(schema, meanAnything);
  const properties = fieldsOf(schema['properties']);
  for (const property of Object.values(properties)) sayDefault(fieldsOf(property));
  // Go has one name for both, which does not compile.
  if ('_id' in properties && 'id' in properties) fieldsOf(properties['_id'])['x-go-name'] = 'RowID';
};

/** In words: generated clients demand fields that have a default, as though it were for them to send it. */
const sayDefault = (property: Fields): void => {
  const { default: value, description } = property;
  if (value === undefined) return;
  delete property['default'];
  const said = `${typeof value === 'string' ? value : JSON.stringify(value)} when left out`;
  property['description'] = typeof description === 'string' ? `${description}; ${said}` : said;
};

/** `type: Object` at a property is Nest’s way to say that it may be anything; the document has a word for objects only. */
const meanAnything = (schema: Fields): void => {
  const says = ['properties', 'additionalProperties', 'allOf', 'oneOf', 'anyOf'];
  if (schema['type'] !== 'object' || says.some((word) => word in schema)) return;
  delete schema['type'];
  delete schema['nullable'];
};

const visit = (value: unknown, look: (schema: Fields) => void): void => {
  if (Array.isArray(value)) for (const entry of value) visit(entry, look);
  else if (isFields(value)) {
    look(value);
    for (const [name, entry] of Object.entries(value)) if (!isSample(name)) visit(entry, look);
  }
};

const isSample = (name: string): boolean => name === 'example' || name === 'examples' || name === 'default';

const refineOperation = (operation: Fields, schemas: Schemas): void => {
  // Said of each route without a credential, so that it is seen to be meant.
  operation['security'] ??= [];
  if (bodyExtension in operation) {
    operation['requestBody'] = operation[bodyExtension];
    Reflect.deleteProperty(operation, bodyExtension);
  }
  const bodies = [operation['requestBody'], ...Object.values(fieldsOf(operation['responses']))];
  for (const body of bodies) {
    const media = fieldsOf(fieldsOf(fieldsOf(body)['content'])['application/json']);
    const { schema } = media;
    visit(schema, meanAnything);
    if (schema !== undefined) media['example'] ??= exampleOf(schema, schemas);
  }
};
