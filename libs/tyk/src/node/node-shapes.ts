import { METHODS } from '../openapi/paths';

/** The kinds of objects in a document of OpenAPI 3.0. */
export type Kind = 'schema' | ObjectKind;
type ObjectKind =
  | ('document' | 'info' | 'tag' | 'components' | 'pathItem' | 'operation')
  | ('parameter' | 'header' | 'requestBody' | 'mediaType' | 'encoding' | 'response' | 'link' | 'example')
  | ('callback' | 'securityScheme');

/**
 * How a field is taken over: as it is, or as an object of a kind, a list of them, or a map of them. In a map the author
 * chooses all names; in a patterned one those with `x-` are extensions, which older nodes cannot tell from the rest.
 */
type Field = 'same' | Kind | { readonly many: 'list' | 'map' | 'patterned'; readonly kind: Kind };

/** The fields that nodes accept in one kind of object. */
export interface Shape {
  readonly fields: Readonly<Record<string, Field>>;
  /** How all other fields are taken over, where the author chooses their names. */
  readonly each?: Field;
  /** The part of `components` in which references may lead to such an object; any other reference is replaced by its target. */
  readonly section?: string;
}

const listOf = (kind: Kind): Field => ({ many: 'list', kind });
const mapOf = (kind: Kind): Field => ({ many: 'map', kind });
const patterned = (kind: Kind): Field => ({ many: 'patterned', kind });
const same = (...names: readonly string[]): Readonly<Record<string, Field>> =>
  Object.fromEntries(names.map((name) => [name, 'same'] as const));

const valueFields: Shape['fields'] = {
  ...same('description', 'required', 'deprecated', 'allowEmptyValue', 'style', 'explode', 'allowReserved', 'example'),
  schema: 'schema',
  examples: mapOf('example'),
  content: mapOf('mediaType'),
};

/**
 * OpenAPI 3.0, as far as nodes accept it. What does nothing on a node, and can be written so that one refuses it, is not
 * here: contacts, licences, links to more documentation, and servers, since the extension says where an API is.
 */
export const shapes: Readonly<Record<ObjectKind, Shape>> = {
  document: {
    fields: {
      ...same('openapi', 'security'),
      info: 'info',
      paths: patterned('pathItem'),
      components: 'components',
      tags: listOf('tag'),
    },
  },
  info: { fields: same('title', 'description', 'version') },
  tag: { fields: same('name', 'description') },
  components: {
    fields: {
      schemas: mapOf('schema'),
      responses: mapOf('response'),
      parameters: mapOf('parameter'),
      examples: mapOf('example'),
      requestBodies: mapOf('requestBody'),
      headers: mapOf('header'),
      securitySchemes: mapOf('securityScheme'),
      links: mapOf('link'),
      callbacks: mapOf('callback'),
    },
  },
  pathItem: {
    fields: {
      ...same('summary', 'description'),
      parameters: listOf('parameter'),
      ...Object.fromEntries(METHODS.map((method) => [method, 'operation'] as const)),
    },
  },
  operation: {
    fields: {
      ...same('tags', 'summary', 'description', 'operationId', 'deprecated', 'security'),
      parameters: listOf('parameter'),
      requestBody: 'requestBody',
      responses: patterned('response'),
      callbacks: mapOf('callback'),
    },
  },
  parameter: { fields: { ...same('name', 'in'), ...valueFields }, section: 'parameters' },
  header: { fields: valueFields, section: 'headers' },
  requestBody: {
    fields: { ...same('description', 'required'), content: mapOf('mediaType') },
    section: 'requestBodies',
  },
  mediaType: {
    fields: { ...same('example'), schema: 'schema', examples: mapOf('example'), encoding: mapOf('encoding') },
  },
  encoding: {
    fields: { ...same('contentType', 'style', 'explode', 'allowReserved'), headers: mapOf('header') },
  },
  response: {
    fields: {
      ...same('description'),
      headers: mapOf('header'),
      content: mapOf('mediaType'),
      links: mapOf('link'),
    },
    section: 'responses',
  },
  link: {
    fields: same('operationRef', 'operationId', 'parameters', 'requestBody', 'description'),
    section: 'links',
  },
  example: { fields: same('summary', 'description', 'value', 'externalValue'), section: 'examples' },
  callback: { fields: {}, each: 'pathItem', section: 'callbacks' },
  securityScheme: {
    fields: same('type', 'description', 'name', 'in', 'scheme', 'bearerFormat', 'flows', 'openIdConnectUrl'),
    section: 'securitySchemes',
  },
};
