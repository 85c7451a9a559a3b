import type { JsonObject } from '../json/json-text';
import { EXTENSION } from '../openapi/values';

/** An OpenAPI document as a client would import it. */
export const petStore: JsonObject = {
  openapi: '3.0.3',
  info: { title: 'Pet Store (Größe M)', version: '1.2.0', 'x-team': 'pets' },
  servers: [{ url: 'https://{stage}.pets.example.com/v1', variables: { stage: { default: 'live' } } }],
  security: [{ key: [] }, { login: ['read'] }],
  tags: [{ name: 'pets' }],
  components: {
    securitySchemes: {
      key: { type: 'apiKey', in: 'header', name: 'X-Key' },
      login: {
        type: 'oauth2',
        flows: { clientCredentials: { tokenUrl: 'https://id.example.com/token', scopes: { read: '' } } },
      },
    },
    schemas: { Pet: { type: 'object', properties: { name: { type: 'string' }, $ref: { type: 'string' } } } },
    responses: {
      Pet: {
        description: 'One pet',
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Pet' } } },
      },
    },
  },
  paths: {
    '/pets': {
      get: { operationId: 'listPets', responses: { '200': { description: 'All pets' } } },
      post: {
        requestBody: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Pet' } } } },
        responses: { '201': { $ref: '#/components/responses/Pet' } },
      },
    },
    '/pets/{id}': {
      parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
      delete: { operationId: 'deletePet', responses: { '204': { description: 'Gone' } } },
    },
  },
  'x-vendor': { kept: [1, { deep: null }] },
};

/** The smallest extension an API can have. */
export const smallExtension: JsonObject = {
  info: { name: 'Small', state: { active: true } },
  upstream: { url: 'https://small.example.com' },
  server: { listenPath: { value: '/small/' } },
};

/** An OAS API with one operation, `getThing`. */
export function smallApi(extension: JsonObject = {}, settings?: JsonObject): JsonObject {
  const middleware = settings === undefined ? {} : { middleware: { operations: { getThing: settings } } };
  return {
    openapi: '3.0.3',
    info: { title: 'Small', version: '1' },
    paths: {
      '/things/{id}': {
        get: {
          operationId: 'getThing',
          parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
          responses: { '200': { description: 'One' } },
        },
      },
    },
    [EXTENSION]: { ...smallExtension, ...middleware, ...extension },
  };
}

/** Where credentials are looked for, in three places. */
export const threeSources: JsonObject = {
  header: { enabled: true, name: 'X-Header' },
  query: { enabled: true, name: 'query' },
  cookie: { enabled: true, name: 'cookie' },
};
