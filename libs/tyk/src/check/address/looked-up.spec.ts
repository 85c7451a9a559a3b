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
    [api({}, '/a/$secret_conf.path'), ['domain']],
    [api({ domain_disabled: true }), ['proxy.listen_path']],
    [api({ domain: 'a.example' }), ['proxy.listen_path']],
    [api({ domain: '$secret_env.HOST' }, '$secret_vault.a.b'), ['proxy.listen_path', 'domain']],
    [api({ domain: '$secretive.example' }, '/a/'), []],
    [api({ protocol: 'tcp' }), ['domain']],
    [api({ active: false }), []],
    [{}, []],
  ])('of %j are %j', (definition, expected) => {
    expect(lookedUpAddresses(definition).map(({ field }) => field)).toEqual(expected);
  });

  it('say that conflicts cannot be seen, and which form gateways replace in requests only', () => {
    const messages = lookedUpAddresses(api({ domain: '$secret_consul.host' })).map(({ message }) => message);
    expect(messages).toEqual([
      'is looked up by gateways, so conflicts with other APIs cannot be seen here',
      'names a secret, so conflicts with other APIs cannot be seen here; gateways up to 5.14 replace "$secret_" within requests only',
    ]);
  });
});
