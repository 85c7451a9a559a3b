import { ApiHeader } from '@nestjs/swagger';

/** Which headers a route reads, beside its credential. */
interface Read {
  readonly preconditioned: boolean;
  readonly unlessTagged: boolean;
  readonly reasoned: boolean;
  readonly repeatable: boolean;
}

/**
 * None of them has an example of its own: Swagger UI would send it, and a version that was made up fails. So has no
 * optional parameter of a query.
 */
export const requestHeadersOf = ({ preconditioned, unlessTagged, reasoned, repeatable }: Read): MethodDecorator[] => [
  ...(preconditioned ? [header('If-Match', 'Only when the version is still this one, such as `"7"`')] : []),
  ...(unlessTagged ? [header('If-None-Match', 'Only when the version is another one than, say, `"7"`')] : []),
  ...(repeatable ? [header('Idempotency-Key', 'An id of the request; who repeats it sends the same', 255)] : []),
  ...(reasoned ? [header('X-Change-Reason', 'Why, for the history and the audit log', 1_000)] : []),
];

const header = (name: string, description: string, maxLength?: number): MethodDecorator => {
  const schema = { type: 'string', ...(maxLength === undefined ? {} : { maxLength }) } as const;
  return ApiHeader({ name, required: false, description, schema });
};
