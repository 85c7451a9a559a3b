import { unknownReferences, versionNames } from './policy-references';

describe('versionNames', () => {
  it.each([
    ['an API without versions', { version_data: { not_versioned: true, versions: {} } }, ['Default']],
    ['an empty definition', {}, ['Default']],
    [
      'an API that was versioned once',
      { version_data: { not_versioned: true, versions: { '1.0.0': {} } } },
      ['Default', '1.0.0'],
    ],
    [
      'a versioned API, by key and by name',
      { version_data: { versions: { v1: { name: 'v1' }, v2: { name: 'second' }, '': { name: '' } } } },
      ['v1', 'v2', 'second'],
    ],
    [
      'a base API and its children',
      { version_data: { not_versioned: true }, definition: { name: 'v1', versions: { v2: 'other-api' } } },
      ['Default', 'v1', 'v2'],
    ],
  ])('knows those of %s', (_, definition, names) => {
    expect([...versionNames(definition)]).toEqual(names);
  });
});

describe('unknownReferences', () => {
  const definitions = new Map([['a', { version_data: { versions: { v1: {}, v2: {} } } }]]);

  it('has nothing to say about a policy that names what exists, or nothing', () => {
    for (const right of [{ versions: ['v2'] }, { versions: [] }, { versions: null }, {}, null]) {
      expect(unknownReferences({ access_rights: { a: right } }, definitions)).toEqual([]);
    }
    expect(unknownReferences({ access_rights: null }, definitions)).toEqual([]);
  });

  it('names each API and version that does not', () => {
    const access_rights = { a: { versions: ['v1', 'v3'] }, b: { versions: ['v1'] } };
    expect(unknownReferences({ access_rights }, definitions)).toEqual([
      { path: 'access_rights.a.versions[1]', message: 'names no version of the API; it has "v1", "v2"' },
      { path: 'access_rights.b', message: 'names no API of the organisation' },
    ]);
  });
});
