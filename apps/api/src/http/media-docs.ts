import type { Type } from '@nestjs/common';
import { getSchemaPath, type ApiBodyOptions } from '@nestjs/swagger';

export type Schema = Extract<ApiBodyOptions, { schema: unknown }>['schema'];

/** What a body looks like: a class that says so at its fields, or a schema. */
export type Shape = Type | { readonly schema: Schema };

export interface Media {
  readonly schema: Schema;
  readonly example?: unknown;
}

export const json = 'application/json';
export const yaml = 'application/yaml';
const file = 'application/octet-stream';

/** The classes that a document needs schemas of. */
export const modelsOf = (shape: Shape): Type[] => ('schema' in shape ? [] : [shape]);

export const schemaOf = (shape: Shape): Schema => ('schema' in shape ? shape.schema : { $ref: getSchemaPath(shape) });

/** A reply in each of its media types; a file holds whatever it holds. */
export const contentOf = ({
  reply,
  produces = [json],
}: {
  readonly reply: Shape;
  readonly produces?: readonly string[];
}): Record<string, Media> => Object.fromEntries(produces.map((type) => [type, { schema: replySchema(type, reply) }]));

const replySchema = (type: string, reply: Shape): Schema => {
  if (type === file) return { type: 'string', format: 'binary' };
  return type.startsWith('text/') ? { type: 'string' } : schemaOf(reply);
};
