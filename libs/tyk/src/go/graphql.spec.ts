import { graphqlFault } from './graphql';

// What gateways of 5.14 were seen to take and to refuse.
describe('the text of a GraphQL schema', () => {
  it.each([
    'type Query { a: Int }',
    'type A implements B & C { a: Int }',
    'schema { query: Query } type Query { a: [Int!]! }',
    'extend type Query { a: Int }',
    'directive @key(fields: String) on OBJECT | INTERFACE type A @key(fields: "id") { id: ID! }',
    '"""doc {}""" type Q { "d" a(b: Int = 3): Int @deprecated }',
    'type Query {}',
    'enum E { }',
    'type Query',
    '# only a comment',
    '',
  ])('is taken as gateways take it: %s', (schema) => {
    expect(graphqlFault(schema)).toBeUndefined();
  });

  it.each([
    ['type Query {', 'in line 1: Expected Name, found <EOF>.'],
    ['type A implements B, C { a: Int }', 'in line 1: Unexpected Name "C".'],
    ['type A { a: Int }\ngarbage', 'in line 2: Unexpected Name "garbage".'],
    ['type A { a Int }', 'in line 1: Expected ":", found Name "Int".'],
    [`type A { a(b: Int = ${'['.repeat(100_000)}): Int }`, 'nested deeper'],
  ])('is refused with the place and the reason: %.60s', (schema, said) => {
    expect(graphqlFault(schema)).toContain(said);
  });
});
