import { Ajv } from 'ajv';
import { apiWrapperSchema } from '../check/classic/check-api-wrapper';
import { definitionSchema } from '../check/classic/definition-schema';
import { webHookSchema } from '../check/hook/webhook';
import { extensionSchema } from '../check/oas/schema';
import { policySchema } from '../check/policy/policy-schema';
import { sessionSchema } from '../keys/session-schema';

const schemas = {
  apiWrapperSchema,
  definitionSchema,
  extensionSchema,
  policySchema,
  sessionSchema,
  webHookSchema,
};

describe('what documents are checked by', () => {
  // Programs that check documents take it for granted: to look would cost each of them a tenth of its start.
  it.each(Object.entries(schemas))('%s is a JSON Schema', (_name, schema) => {
    const ajv = new Ajv();
    expect([ajv.validateSchema(schema), ajv.errors]).toEqual([true, null]);
  });
});
