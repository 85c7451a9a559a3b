import { unique } from '@castellan/testing';

/** An OpenAPI document as a team would have it, without Tyk's extension. */
export const anOpenApiDocument = (overrides: Readonly<Record<string, unknown>> = {}): Record<string, unknown> => ({
  openapi: '3.0.3',
  info: { title: unique('Pet Store'), version: '1.0.0' },
  servers: [{ url: 'http://pets.example.com/v1' }],
  components: { securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'X-Key' } } },
  security: [{ key: [] }],
  paths: {
    '/pets': {
      get: {
        operationId: 'listPets',
        responses: {
          '200': { description: 'All pets', content: { 'application/json': { example: [{ name: 'Rex' }] } } },
        },
      },
      post: {
        operationId: 'createPet',
        requestBody: { content: { 'application/json': { schema: { type: 'object' } } } },
        responses: { '201': { description: 'One pet' } },
      },
    },
  },
  ...overrides,
});

/** An OAS API: the document with the smallest extension that a gateway serves. */
export const anOasApi = (
  extension: Readonly<Record<string, unknown>> = {},
  overrides: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> => {
  const name = unique('oas');
  const { info, server, ...rest } = extension;
  return {
    ...anOpenApiDocument(overrides),
    'x-tyk-api-gateway': {
      info: { name, state: { active: true }, ...(typeof info === 'object' ? info : {}) },
      upstream: { url: 'http://pets.example.com/v1' },
      server: { listenPath: { value: `/${name}/`, strip: true }, ...(typeof server === 'object' ? server : {}) },
      ...rest,
    },
  };
};
