/** An example of an API, as clients list and import it (docs/tyk/management.md#examples). */
export interface Example {
  readonly location: string;
  readonly name: string;
  readonly shortDescription: string;
  readonly description: string;
  readonly features: readonly string[];
  readonly min_version: string;
  readonly readme: string;
  /** The body of a `POST /api/apis`, for a classic API. */
  readonly api_definition?: object;
  /** The body of a `POST /api/apis/oas`. */
  readonly oas?: object;
}

/** The examples that Castellan brings: small APIs that work as they are, once the target is one of yours. */
export const examples: readonly Example[] = [
  {
    location: 'keyless-proxy',
    name: 'Proxy without keys',
    shortDescription: 'Passes every request on to another server.',
    description: 'The smallest classic API: a listen path, a target, and nobody is asked for a key.',
    features: ['REST'],
    min_version: '3.0',
    readme: '# Proxy without keys\n\nSet `proxy.target_url` to a server of yours, and create the API.\n',
    api_definition: {
      name: 'Proxy without keys',
      active: true,
      use_keyless: true,
      proxy: { listen_path: '/example-proxy/', target_url: 'http://127.0.0.1:8000/', strip_listen_path: true },
      version_data: { not_versioned: true, versions: { Default: { name: 'Default' } } },
    },
  },
  {
    location: 'mocked-pets',
    name: 'Mocked pets',
    shortDescription: 'Answers with the examples of its OpenAPI document.',
    description: 'An OAS API whose one operation is answered by the gateway, from the example in the document.',
    features: ['OAS', 'Mock responses'],
    min_version: '5.1',
    readme: '# Mocked pets\n\nCreate the API and ask for `/example-pets/pets`: no server stands behind it.\n',
    oas: {
      openapi: '3.0.3',
      info: { title: 'Mocked pets', version: '1.0.0' },
      paths: {
        '/pets': {
          get: {
            operationId: 'listPets',
            responses: {
              '200': { description: 'All pets', content: { 'application/json': { example: [{ name: 'Rex' }] } } },
            },
          },
        },
      },
      'x-tyk-api-gateway': {
        info: { name: 'Mocked pets', state: { active: true } },
        upstream: { url: 'http://127.0.0.1:8000/' },
        server: { listenPath: { value: '/example-pets/', strip: true } },
        middleware: {
          operations: { listPets: { mockResponse: { enabled: true, fromOASExamples: { enabled: true, code: 200 } } } },
        },
      },
    },
  },
];
