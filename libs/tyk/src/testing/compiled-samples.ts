import type { JsonObject, JsonValue } from '../json/json-text';
import type { CompiledField } from '../check/compiled/fields';
import type { CompiledAs } from '../check/compiled/kinds';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** For each kind a value that no gateway can compile, one that every gateway can, and where in it the fault is. */
export const compiledSamples: Readonly<
  Record<CompiledAs, { readonly bad: JsonValue; readonly good: JsonValue; readonly below: string }>
> = {
  regexp: { bad: '(?=a)', good: '^/a/[0-9]+$', below: '' },
  path: { bad: '/a/(', good: '/a/{id}/*', below: '' },
  allowedUrl: { bad: '/a/[', good: '/a/{id}/.*', below: '' },
  template: {
    bad: { template_mode: 'blob', template_source: base64('{{ .a') },
    good: { template_mode: 'blob', template_source: base64('{{ .a | jsonMarshal }}') },
    below: '.template_source',
  },
  bodyTransform: {
    bad: { enabled: true, body: base64('{{ nosuch }}') },
    good: { enabled: true, body: base64('{{ .a }}') },
    below: '.body',
  },
  jsonSchema: { bad: { type: 'text' }, good: { type: 'object', required: ['a'] }, below: '.type' },
  graphql: { bad: 'type Query {', good: 'type Query { a: Int }', below: '' },
  signingMethod: { bad: 'RS256', good: 'rsa', below: '' },
};

/** A document that holds nothing but the value of a field, and what makes gateways compile it. */
export const holdingCompiled = ({ at, when }: CompiledField, value: JsonValue): JsonObject => {
  const steps = at.split('.').flatMap((step) => (step.endsWith('[]') ? [step.slice(0, -2), '[]'] : [step]));
  const switches = when === undefined ? {} : { enabled: true, enable_jwt: true, extract_from_body: true };
  const build = (index: number): JsonValue => {
    const step = steps[index];
    if (step === undefined) return value;
    if (step === '[]') return [build(index + 1)];
    const field = { [step === '*' ? 'any key' : step]: build(index + 1) };
    // The condition looks at the object that holds the last field.
    return index === steps.length - 1 ? { ...switches, ...field } : field;
  };
  const document = build(0);
  return { ...(when === undefined ? {} : { use_basic_auth: true }), ...(document as JsonObject) };
};

/** The path by which a problem of the field names it in such a document. */
export const compiledPath = ({ at, as }: CompiledField): string =>
  at.replaceAll('.*', '["any key"]').replaceAll('[]', '[0]') + compiledSamples[as].below;
