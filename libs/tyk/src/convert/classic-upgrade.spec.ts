import type { JsonObject } from '../json/json-text';
import { at, listAt, textAt } from '../json/read';
import { migrateToOas, migrateVersions } from './from-classic';
import { extensionOf, minimal } from '../testing/classic';
import { checkOas } from '../check/oas/validate';
import { EXTENSION } from '../openapi/values';

describe('migration of a versioned API', () => {
  const internal = (path: string): JsonObject => ({
    use_extended_paths: true,
    extended_paths: { internal: [{ path, method: 'GET' }] },
  });
  const versioned: JsonObject = {
    ...minimal,
    api_id: 'base',
    id: '0123456789abcdef01234567',
    definition: { location: 'url', key: '', strip_path: true },
    version_data: {
      not_versioned: false,
      default_version: 'v1',
      versions: {
        v1: { name: 'v1', ...internal('/one') },
        'v 2': {
          name: 'v 2',
          expires: '2030-01-01 00:00',
          override_target: 'https://two.example.com',
          ...internal('/two'),
        },
      },
    },
  };

  it('makes an API of each version, which the base knows by its id', () => {
    const { base, versions } = migrateVersions(versioned, (name) => `id of ${name}`);
    expect(extensionOf(base.oas)).toMatchObject({
      info: {
        id: 'base',
        versioning: {
          enabled: true,
          name: 'v1',
          default: 'self',
          location: 'url',
          stripVersioningData: true,
          versions: [{ name: 'v 2', id: 'id of v 2' }],
        },
      },
      middleware: { operations: { oneGET: {} } },
    });
    expect(versions.map(({ name, apiId }) => [name, apiId])).toEqual([['v 2', 'id of v 2']]);
    const [second] = versions;
    expect(extensionOf(second?.oas ?? {})).toMatchObject({
      info: {
        id: 'id of v 2',
        name: 'Things-v%202',
        expiration: '2030-01-01 00:00',
        state: { active: true, internal: true },
      },
      upstream: { url: 'https://two.example.com' },
      server: { listenPath: { value: '/things-v%202/' } },
      middleware: { operations: { twoGET: {} } },
    });
    expect(at(second?.oas, EXTENSION, 'info')).not.toHaveProperty('dbId');
    for (const { oas, report } of [base, ...versions]) {
      expect(checkOas(oas)).toEqual([]);
      expect(report).toEqual([]);
    }
  });

  it('names the versions that one document does not hold, and does not refer to APIs that do not exist', () => {
    const { oas, report } = migrateToOas(versioned);
    expect(report.map(({ path }) => path)).toEqual(['version_data.versions["v 2"]']);
    expect(listAt(extensionOf(oas), 'info', 'versioning', 'versions')).toEqual([]);
  });

  it('keeps the versions of an API that has them as APIs already', () => {
    const definition = {
      enabled: true,
      name: 'v1',
      default: 'self',
      location: 'header',
      key: 'v',
      versions: { v2: 'two' },
    };
    const { oas, report } = migrateToOas({ ...minimal, definition });
    expect(report).toEqual([]);
    expect(at(extensionOf(oas), 'info', 'versioning', 'versions')).toEqual([{ name: 'v2', id: 'two' }]);
    expect(textAt(oas, 'info', 'version')).toBe('Default');
  });
});
