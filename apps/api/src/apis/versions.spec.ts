import type { JsonObject } from '@castellan/tyk';
import {
  isDefaultVersion,
  versionIdsOf,
  versioningOf,
  withoutVersionOf,
  withVersion,
  withVersioning,
  withVersionRenamed,
  type VersionLink,
} from './versions';

const link = (changes: Partial<VersionLink> = {}): VersionLink => ({
  baseId: 'base',
  baseName: 'v1',
  newName: 'v2',
  setDefault: false,
  ...changes,
});

const classic: JsonObject = { api_definition: { api_id: 'base', name: 'Base', proxy: {} } };
const oas: JsonObject = {
  api_definition: { api_id: 'base', is_oas: true },
  oas: { openapi: '3.0.3', 'x-tyk-api-gateway': { info: { name: 'Base', custom: 1 }, upstream: {} } },
};

describe.each([
  ['classic', classic],
  ['OAS', oas],
])('the versions of a %s API', (_, wrapper) => {
  it('begin with the first child: the base gets its name, and callers a place to say the version', () => {
    const versioning = versioningOf(withVersion(wrapper, link(), 'child'));
    expect(versioning).toMatchObject({ name: 'v1', default: 'self' });
    expect([...versioning.versions]).toEqual([['v2', 'child']]);
    expect(versioning.rest).toEqual({ enabled: true, location: 'header', key: 'x-api-version' });
  });

  it('keep what was set up, and what Castellan does not know', () => {
    const prepared = withVersioning(wrapper, {
      name: 'first',
      default: '',
      versions: new Map(),
      rest: { location: 'url', key: '', somethingNew: [1] },
    });
    const versioning = versioningOf(withVersion(prepared, link({ baseName: '' }), 'child'));
    expect(versioning.name).toBe('first');
    expect(versioning.rest).toEqual({ enabled: true, location: 'url', key: 'x-api-version', somethingNew: [1] });
  });

  it('have the new one as the default when asked', () => {
    const versioning = versioningOf(withVersion(wrapper, link({ setDefault: true }), 'child'));
    expect(isDefaultVersion(versioning, 'v2', false)).toBe(true);
    expect(isDefaultVersion(versioning, 'v1', true)).toBe(false);
  });

  it('need a name for the base, and different names', () => {
    expect(() => withVersion(wrapper, link({ baseName: '' }), 'child')).toThrow(
      'you need to provide a version name for the new Base API: base',
    );
    const one = withVersion(wrapper, link(), 'child');
    expect(() => withVersion(one, link({ baseName: '' }), 'other')).toThrow('new_version_name');
    expect(() => withVersion(wrapper, link({ newName: 'v1' }), 'child')).toThrow('new_version_name');
  });

  it('lose one that goes, and with it the default', () => {
    const two = withVersion(withVersion(wrapper, link(), 'child'), link({ newName: 'v3', setDefault: true }), 'other');
    const versioning = versioningOf(withoutVersionOf(two, 'other'));
    expect([...versioning.versions]).toEqual([['v2', 'child']]);
    expect(versioning.default).toBe('self');
  });

  it('follow one to another api_id', () => {
    const versioning = versioningOf(withVersionRenamed(withVersion(wrapper, link(), 'child'), 'child', 'renamed'));
    expect([...versioning.versions]).toEqual([['v2', 'renamed']]);
  });

  it('can be taken away', () => {
    expect(withVersioning(withVersion(wrapper, link(), 'child'), null)).toEqual(wrapper);
  });
});

it('names the other APIs of a versioned one, each once, and not itself', () => {
  const definition = { versions: { v2: 'child', v3: 'child', old: 'base', bad: 7, none: '' } };
  expect(versionIdsOf({ api_id: 'base', definition })).toEqual(['child']);
  expect(versionIdsOf({ api_id: 'base' })).toEqual([]);
});
