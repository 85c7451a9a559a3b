import { definitionSchema } from '../check/classic/definition-schema';
import type { JsonValue } from '../json/json-text';
import { at, objectAt } from '../json/read';
import { describePath } from '../schema/path';
import { fullDefinition } from '../testing/definitions';
import { fixtures } from '../../../../test/fixtures/load';
import { migrateToOas, migrateVersions } from './from-classic';
import { HARMLESS, samples } from '../testing/classic-fields';
import { listPath, minimal, withLists } from '../testing/classic';
import { meaningOf } from '../testing/meaning';
import { deriveClassicDefinition } from './to-classic';
import { checkOas } from '../check/oas/validate';
import { EXTENSION, sameMeaning, without } from '../openapi/values';

describe('migration to OAS', () => {
  it('carries or reports every field that nodes know', () => {
    const silent = samples(definitionSchema, [], (value) => value).filter(({ segments, value, definition }) => {
      const { oas, report } = migrateToOas(definition);
      expect(checkOas(oas)).toEqual([]);
      const path = describePath(segments, definition, definitionSchema);
      if (report.some((problem) => path.startsWith(problem.path) || problem.path.startsWith(path))) return false;
      const place =
        segments[0] === 'version_data' && segments[1] === 'versions'
          ? ['version_data', 'versions', '', ...segments.slice(3)]
          : segments;
      const derived = place.reduce<JsonValue | undefined>(
        (found, segment) => (Array.isArray(found) ? found[Number(segment)] : at(found, segment)),
        deriveClassicDefinition(oas),
      );
      return !sameMeaning(derived, value);
    });
    const unexpected = silent
      .map(({ segments, definition }) => describePath(segments, definition, definitionSchema))
      .filter((path) => !HARMLESS.some((pattern) => pattern.test(path)));
    expect(unexpected).toEqual([]);
  });

  it('gives an API that means the same to nodes', () => {
    const { oas, report } = migrateToOas(fullDefinition);
    expect(checkOas(oas)).toEqual([]);
    expect(report).toEqual([
      { path: 'global_rate_limit.rate', message: 'becomes 101 in an OAS API' },
      { path: 'auth', message: 'is not in use beside auth_configs, and is left out' },
      { path: 'graphql', message: 'has no counterpart in an OAS API' },
      { path: 'version_data.versions["v1.0"].expires', message: 'has no counterpart in an OAS API' },
    ]);
    const rounded = { rate: 101, per: 60 };
    const derived = deriveClassicDefinition(oas, fullDefinition);
    expect(meaningOf(derived)).toEqual(meaningOf({ ...fullDefinition, global_rate_limit: rounded }));
  });

  it('gives real definitions the same meaning as before', () => {
    for (const { document: wrapper } of fixtures('definitions')) {
      const classic = at(wrapper, 'api_definition');
      if (classic === undefined) continue;
      const definition = objectAt(classic);
      const { oas, report } = migrateToOas(definition);
      expect(checkOas(oas)).toEqual([]);
      // Two of them have paths or versions that an OAS document cannot have as they are, which the report says.
      const differs = report.some(
        ({ message }) => message.includes('".*" is used instead') || message.includes('a version of its own'),
      );
      if (differs) continue;
      for (const base of [definition, without(definition, 'name')]) {
        const derived = deriveClassicDefinition(oas, base);
        expect(meaningOf(derived)).toEqual(meaningOf(definition));
      }
    }
  });

  it('makes a document that is complete without the classic definition', () => {
    const { oas, report } = migrateToOas(
      withLists({ white_list: [{ path: '/a', method: 'GET' }] }, { slug: 'things', api_id: 'a1' }),
    );
    expect(report).toEqual([]);
    expect(oas).toEqual({
      openapi: '3.0.3',
      info: { title: 'Things', version: 'Default' },
      paths: { '/a': { get: { operationId: 'aGET', responses: { default: { description: '' } } } } },
      [EXTENSION]: {
        info: { id: 'a1', name: 'Things', state: { active: true } },
        upstream: { url: 'https://things.example.com' },
        server: { slug: 'things', listenPath: { value: '/things/', strip: true } },
        middleware: {
          global: { trafficLogs: { enabled: true } },
          operations: { aGET: { allow: { enabled: true } } },
        },
      },
    });
  });

  it('does not change the definition', () => {
    const copy = structuredClone(fullDefinition);
    migrateToOas(fullDefinition);
    migrateVersions(fullDefinition, (name) => name);
    expect(fullDefinition).toEqual(copy);
  });

  it('reports what it has to leave behind, with its path', () => {
    const { report } = migrateToOas(
      withLists(
        { transform_jq: [{ path: '/', method: 'GET', filter: '.' }], internal: [{ path: '/a', method: 'LINK' }] },
        {
          graphql: { enabled: true },
          'odd name': 1,
          jwt_source: 'unused',
          allowed_ips: ['1.1.1.1'],
          event_handlers: { events: { A: [{ handler_name: 'cp_dynamic_handler' }] } },
        },
      ),
    );
    expect(report.map(({ path }) => path).sort()).toEqual([
      '["odd name"]',
      'allowed_ips',
      'event_handlers.events["A"][0]',
      'graphql',
      'jwt_source',
      `${listPath('internal')}[0]`,
      listPath('transform_jq'),
    ]);
  });

  it('reports what a value has inside that its counterpart has not', () => {
    const trigger = { on: 'all', rewrite_to: '/b', odd: 1, options: { query_val_matches: { a: { match_rx: 'b' } } } };
    const { report } = migrateToOas(
      withLists(
        {
          url_rewrites: [{ path: '/a', method: 'GET', match_pattern: 'a', rewrite_to: '/c', triggers: [trigger] }],
          transform: [{ path: '/a', method: 'GET', template_data: { template_source: 'a', odd: 1 } }],
          ignored: [{ path: '/a', method_actions: { GET: { action: 'no_action', odd: 1 } } }],
        },
        {
          enable_jwt: true,
          auth_configs: { jwt: { auth_header_name: 'A', use_certificate: true } },
          event_handlers: {
            events: { A: [{ handler_name: 'eh_log_handler', handler_meta: { prefix: 'p', odd: 1 } }] },
          },
          graphql: { enabled: false, execution_mode: 'proxyOnly', schema: 'type Query { a: Int }' },
          proxy: { ...objectAt(minimal, 'proxy'), service_discovery: { odd: 1 } },
        },
      ),
    );
    expect(report.map(({ path }) => path).sort()).toEqual([
      'auth_configs.jwt.use_certificate',
      'event_handlers.events["A"][0].handler_meta.odd',
      'graphql',
      'proxy.service_discovery.odd',
      `${listPath('ignored')}[0].method_actions["GET"].odd`,
      `${listPath('transform')}[0].template_data.odd`,
      `${listPath('url_rewrites')}[0].triggers[0]`,
    ]);
  });

  it('reports two values for one thing, and the place from which a method was read', () => {
    const timeouts = withLists({ hard_timeouts: [{ path: '/p', method: 'GET', timeout: 7, duration: '5s' }] });
    expect(migrateToOas(timeouts).report.map(({ path }) => path)).toEqual([`${listPath('hard_timeouts')}[0].timeout`]);
    const rounded = withLists({ hard_timeouts: [{ path: '/p', method: 'GET', timeout: 5, duration: '4.5s' }] });
    expect(migrateToOas(rounded).report).toEqual([]);
    const token = { use_keyless: false, use_standard_auth: true, auth: { disable_header: true }, auth_configs: {} };
    expect(migrateToOas({ ...minimal, ...token }).report.map(({ path }) => path)).toEqual(['auth']);
  });

  it('reports versions and a target that are not in use, and what stands beside the versions', () => {
    const versions = { Default: { name: 'Default', override_target: 'https://own' }, old: { name: 'old' } };
    const { report } = migrateToOas({ ...minimal, version_data: { not_versioned: true, versions, odd: 1 } });
    expect(report.map(({ path }) => path)).toEqual([
      'proxy.target_url',
      'version_data.versions["old"]',
      'version_data.odd',
    ]);
  });

  it('asks for every method where the requirements leave no choice, or none that can be met', () => {
    for (const security_requirements of [[['gone']], [['gone'], ['lost']], [['basic']]]) {
      const { oas } = migrateToOas({
        ...minimal,
        use_keyless: false,
        use_basic_auth: true,
        enable_jwt: true,
        security_requirements,
      });
      expect(oas['security']).toEqual([{ jwt: [], basic: [] }]);
      expect(deriveClassicDefinition(oas)).toMatchObject({ use_basic_auth: true, enable_jwt: true });
    }
  });
});
