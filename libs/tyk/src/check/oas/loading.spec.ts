import type { JsonObject, JsonValue } from '../../json/json-text';
import { smallApi, smallExtension } from '../../testing/documents';
import { checkOas } from './validate';
import { EXTENSION, writeAt, type JsonDraft } from '../../openapi/values';

/* What gateways 5.2.5 and 5.12.1 decoded and did not load when they were given such documents, and what they loaded. */

const responses = { '200': { description: '' } };

function changed(path: string, value: JsonValue): JsonObject {
  const copy: JsonDraft = { ...smallApi() };
  writeAt(copy, path, value);
  return copy;
}

const withScheme = (scheme: JsonObject): JsonObject => changed('components.securitySchemes.key', scheme);
const withFlow = (tokenUrl: string): JsonObject =>
  withScheme({ type: 'oauth2', flows: { clientCredentials: { tokenUrl, scopes: {} } } });
const withParameter = (parameter: JsonObject): JsonObject =>
  changed('paths', { '/a': { get: { parameters: [parameter], responses } } });
const compliant = (authentication: JsonObject): JsonObject => ({
  ...withScheme({ type: 'apiKey', in: 'header', name: 'Key' }),
  security: [{ key: [] }],
  [EXTENSION]: {
    ...smallExtension,
    server: {
      listenPath: { value: '/small/' },
      authentication: { enabled: true, securityProcessingMode: 'compliant', ...authentication },
    },
  },
});

describe('a document that no node loads', () => {
  const key = 'components.securitySchemes.key';
  const parameter = 'paths["/a"].get.parameters[0]';
  it.each([
    ['an empty title', changed('info', { title: '', version: '1' }), 'info.title'],
    ['an empty version', changed('info', { title: 'A', version: '' }), 'info.version'],
    ['a key without a name', withScheme({ type: 'apiKey', in: 'header', name: '' }), `${key}.name`],
    ['no address for a flow', withFlow(''), `${key}.flows.clientCredentials.tokenUrl`],
    ['no address that could be one', withFlow('ht tp://a'), `${key}.flows.clientCredentials.tokenUrl`],
    ['a parameter without a name', withParameter({ name: '', in: 'query', schema: {} }), `${parameter}.name`],
    [
      'a style that contradicts itself',
      withParameter({ name: 'a', in: 'query', style: 'deepObject', explode: false, schema: {} }),
      `${parameter}.explode`,
    ],
    ['a component with a blank in its name', changed('components.schemas', { 'a b': {} }), 'components.schemas["a b"]'],
    ['a brace in a path', changed('paths', { '/a/{x': { get: { responses } } }), 'paths["/a/{x"]'],
    [
      'a method that no requirement asks for',
      compliant({ hmac: { enabled: true } }),
      `${EXTENSION}.server.authentication.hmac`,
    ],
  ])('has %s', (_, document, path) => {
    expect(checkOas(document).map((problem) => problem.path)).toEqual([path]);
  });
});

describe('a document that nodes load', () => {
  it.each([
    ['a relative address', withFlow('/token')],
    ['a requirement for each method', compliant({ hmac: { enabled: true }, security: [['hmac']] })],
    ['a style for objects', withParameter({ name: 'a', in: 'query', style: 'deepObject', explode: true, schema: {} })],
    ['a parameter’s name that stands for a part', changed('paths', { '/a/{x}': {} })],
  ])('has %s', (_, document) => {
    expect(checkOas(document)).toEqual([]);
  });
});
