/** An OpenAPI document as a team would have it, without Tyk’s extension. */
export const plainExample = {
  openapi: '3.0.3',
  info: { title: 'Pet Store', version: '1.0.0' },
  servers: [{ url: 'http://127.0.0.1:8000/' }],
  paths: {
    '/pets': { get: { operationId: 'listPets', responses: { '200': { description: 'All pets' } } } },
  },
};

/** An OAS API that a fresh installation takes as it is. */
export const oasExample = (name: string, listenPath: string, id?: string): object => ({
  ...plainExample,
  info: { ...plainExample.info, title: name },
  'x-tyk-api-gateway': {
    info: { ...(id === undefined ? {} : { id }), name, state: { active: true } },
    upstream: { url: 'http://127.0.0.1:8000/' },
    server: { listenPath: { value: listenPath, strip: true } },
  },
});
