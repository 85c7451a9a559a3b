import { objectAt, textAt, TYK_EXTENSION, type JsonObject } from '@castellan/tyk';
import { omit } from '../apis/wrapper';
import { asStaged, listedVersions, migrated, unfitFor, unstaged } from './migration';

const classic = (changes: JsonObject = {}): JsonObject => ({
  api_model: {},
  user_owners: ['u'],
  api_definition: {
    id: 'a'.repeat(24),
    api_id: 'orders',
    name: 'Orders #eu',
    slug: 'orders',
    active: true,
    use_keyless: true,
    proxy: { listen_path: '/orders/', target_url: 'http://orders.example.com', strip_listen_path: true },
    version_data: { not_versioned: true, versions: { Default: { name: 'Default', use_extended_paths: true } } },
    ...changes,
  },
});

const versioned = classic({
  definition: { location: 'header', key: 'x-version' },
  version_data: {
    not_versioned: false,
    default_version: 'v1',
    versions: {
      v1: { name: 'v1', use_extended_paths: true },
      v2: { name: 'v2', use_extended_paths: true, override_target: 'http://two.example.com' },
    },
  },
});

describe('a classic API that becomes an OAS API', () => {
  it('keeps its ids and what stands around it; its categories leave the name', () => {
    const { base, versions } = migrated(classic());
    expect(versions).toEqual([]);
    expect(base).toMatchObject({ user_owners: ['u'], categories: ['eu'] });
    expect(objectAt(base, 'oas', TYK_EXTENSION, 'info')).toMatchObject({ id: 'orders', name: 'Orders' });
    expect(objectAt(base, 'api_definition')).toMatchObject({ is_oas: true, api_id: 'orders' });
  });

  it('becomes one API for each version, which the first lists', () => {
    const { base, versions } = migrated(versioned);
    const [child, ...others] = versions;
    expect(others).toEqual([]);
    expect(listedVersions(base)).toEqual([textAt(child, 'oas', TYK_EXTENSION, 'info', 'id')]);
    expect(textAt(child, 'oas', TYK_EXTENSION, 'upstream', 'url')).toBe('http://two.example.com');
  });

  it('says what has no counterpart', () => {
    const { report } = migrated(classic({ a_field_of_our_own: 'x' }));
    expect(report).toEqual([expect.objectContaining({ path: 'a_field_of_our_own' })]);
  });

  it.each([
    ['is_tcp', classic({ protocol: 'tcp' })],
    ['is_graphql', classic({ graphql: { enabled: true } })],
    ['is_streams', { ...classic(), is_streams: true }],
    ['is_websocket', classic({ proxy: { listen_path: '/x/', target_url: 'wss://x.example.com' } })],
    [undefined, classic()],
  ])('cannot when %s', (reason, wrapper) => {
    expect(unfitFor(wrapper)).toBe(reason);
  });
});

describe('a staged copy', () => {
  it('lives beside the original: id, name, slug and path differ', () => {
    const { base } = migrated(asStaged(classic()));
    expect(objectAt(base, 'oas', TYK_EXTENSION)).toMatchObject({
      info: { id: 'staging-orders', name: '[staged] Orders' },
      server: { slug: 'staging-orders', listenPath: { value: '/tyk-staging/orders/' } },
    });
    expect(objectAt(base, 'api_definition')).not.toHaveProperty('id');
  });

  it('is, when promoted, what a direct migration gives', () => {
    const staged = unstaged(migrated(asStaged(classic())).base);
    const info = omit(objectAt(migrated(classic()).base, 'oas', TYK_EXTENSION, 'info'), 'dbId');
    expect(objectAt(staged, 'oas', TYK_EXTENSION, 'info')).toEqual(info);
    const rest = (wrapper: JsonObject) => ({ ...objectAt(wrapper, 'oas'), [TYK_EXTENSION]: null });
    expect(rest(staged)).toEqual(rest(migrated(classic()).base));
  });
});
