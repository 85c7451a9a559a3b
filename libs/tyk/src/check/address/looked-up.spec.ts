import type { JsonObject } from '../../json/json-text';
import { lookedUpAddresses } from './looked-up';

const api = (fields: JsonObject, listenPath = 'secrets://path'): JsonObject => ({
  active: true,
  domain: 'vault://host',
  proxy: { listen_path: listenPath },
  ...fields,
});

describe('lookedUpAddresses', () => {
  it.each<[JsonObject, string[]]>([
    [api({}), ['proxy.listen_path', 'domain']],
    [api({}, '/a/secrets://path'), ['domain']],
    [api({ domain_disabled: true }), ['proxy.listen_path']],
    [api({ domain: 'a.example' }), ['proxy.listen_path']],
    [api({ protocol: 'tcp' }), ['domain']],
    [api({ active: false }), []],
    [{}, []],
  ])('of %j are %j', (definition, expected) => {
    expect(lookedUpAddresses(definition)).toEqual(expected);
  });
});
