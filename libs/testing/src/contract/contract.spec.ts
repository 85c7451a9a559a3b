import { Contract } from './contract';

const document = {
  paths: {
    '/things/{id}': {
      get: {
        operationId: 'getThing',
        responses: {
          '200': {
            headers: { ETag: { required: true, schema: { type: 'string' } } },
            content: { 'application/json': { schema: { $ref: '#/components/schemas/Thing' } } },
          },
          '404': { $ref: '#/components/responses/Missing' },
        },
      },
    },
  },
  components: {
    schemas: {
      Thing: {
        type: 'object',
        required: ['id'],
        properties: { id: { type: 'integer' }, note: { type: 'string', nullable: true } },
      },
    },
    responses: { Missing: { content: { 'application/json': { schema: { type: 'object' } } } } },
  },
};
const contract = Contract.from(JSON.stringify(document), /^\/docs/);
const answer = (status: number, body: unknown, headers: Readonly<Record<string, string>> = { etag: '"1"' }) => ({
  method: 'GET',
  path: '/things/7?a=b',
  status,
  headers: new Headers({ 'content-type': 'application/json; charset=utf-8', ...headers }),
  text: typeof body === 'string' ? body : JSON.stringify(body),
});

describe('Contract', () => {
  it.each([
    ['what was declared', answer(200, { id: 7 })],
    ['null where it may be', answer(200, { id: 7, note: null })],
    ['a reply that is declared elsewhere', answer(404, {})],
    ['an unknown path that is answered so', { ...answer(404, {}), path: '/nothing' }],
    ['what is served beside the operations', { ...answer(200, 'page'), path: '/docs/' }],
  ])('takes %s', (_, reply) => {
    expect(() => {
      contract.check(reply);
    }).not.toThrow();
  });

  it.each([
    ['a field that nobody declared', answer(200, { id: 7, more: 1 }), 'must NOT have additional properties'],
    ['another type', answer(200, { id: '7' }), 'body/id must be integer'],
    ['null where it may not be', answer(200, { id: null }), 'body/id must be integer'],
    ['a status that is not there', answer(409, {}), 'getThing declares 200, 404'],
    ['a media type that is not there', answer(200, 'x', { etag: '"1"', 'content-type': 'text/plain' }), '"text/plain"'],
    ['a header that is missing', answer(200, { id: 7 }, {}), 'the header ETag is missing'],
    ['text that is no JSON', answer(200, 'x'), 'called JSON'],
    ['a path that is not there', { ...answer(200, {}), path: '/nothing' }, 'no such operation'],
  ])('refuses %s', (_, reply, said) => {
    expect(() => {
      contract.check(reply);
    }).toThrow(said);
  });
});
