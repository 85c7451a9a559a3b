import { applyDecorators } from '@nestjs/common';
import { ApiExtension, ApiExtraModels } from '@nestjs/swagger';
import { json, modelsOf, schemaOf, type Media, type Shape } from './media-docs';

/** What a route says of the body that it takes. */
export interface BodyOf {
  readonly body?: Shape;
  /** True when the route works without one, too. */
  readonly optionalBody?: boolean;
  /** A body that a fresh installation takes as it is. */
  readonly example?: object;
  /** Media types of the body; JSON alone when left out. */
  readonly consumes?: readonly string[];
}

const form = 'multipart/form-data';

/** Nest’s generator gives every media type of a body the same schema; the document is refined by what stands here. */
export const bodyExtension = 'x-request-body';

export const bodyOf = ({ body, example, optionalBody = false, consumes = [json] }: BodyOf): MethodDecorator[] => {
  if (body === undefined) return [];
  // A route that takes nothing but a form says itself what stands in it.
  const isForm = consumes.length === 1;
  const content = Object.fromEntries(
    consumes.map((type) => [type, type === form && !isForm ? fileInForm : mediaOf(body, example)]),
  );
  return [
    applyDecorators(
      ApiExtraModels(...modelsOf(body)),
      ApiExtension(bodyExtension, { required: !optionalBody, content: { ...content } }),
    ),
  ];
};

const mediaOf = (body: Shape, example: object | undefined): Media => {
  const schema = schemaOf(body);
  if (example === undefined) return { schema };
  return { schema, example };
};

const fileInForm: Media = {
  schema: {
    type: 'object',
    required: ['file'],
    properties: { file: { type: 'string', format: 'binary', description: 'The document, as JSON or YAML' } },
  },
};
