import { GraphQLError, parse } from 'graphql';

/** Gateways take a type without fields, and a schema of which everything is commented out. */
const EMPTY_BLOCK = /\{[\s,]*\}/gu;
const COMMENT = /#[^\n]*/gu;

/**
 * What keeps gateways from reading the text of a GraphQL schema, as the rest of a sentence; undefined when nothing does. What it
 * means is not looked at: they take much that the specification does not.
 */
export function graphqlFault(schema: string): string | undefined {
  if (schema.replace(COMMENT, '').trim() === '') return undefined;
  try {
    parse(schema.replace(EMPTY_BLOCK, ' '), { noLocation: true });
    return undefined;
  } catch (error) {
    if (!(error instanceof GraphQLError)) return 'is nested deeper than anybody means';
    const [place] = error.locations ?? [];
    const at = place === undefined ? '' : ` in line ${place.line}`;
    return `is no GraphQL that gateways can read${at}: ${error.message.replace(/^Syntax Error: /u, '')}`;
  }
}
