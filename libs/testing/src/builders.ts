import { randomUUID } from 'node:crypto';

/** A word that no other test uses. */
export const unique = (prefix = 'x'): string => `${prefix}-${randomUUID().slice(0, 13)}`;

/** The smallest API definition that a gateway serves without a key. */
export const anApiDefinition = (overrides: Readonly<Record<string, unknown>> = {}): Record<string, unknown> => {
  const name = unique('api');
  const { proxy, ...rest } = overrides;
  return {
    name,
    slug: name,
    active: true,
    use_keyless: true,
    version_data: { not_versioned: true, versions: { Default: { name: 'Default', use_extended_paths: true } } },
    ...rest,
    proxy: {
      listen_path: `/${name}/`,
      target_url: 'http://127.0.0.1:1/',
      strip_listen_path: true,
      ...(typeof proxy === 'object' ? proxy : {}),
    },
  };
};

/** A policy for the given APIs. */
export const aPolicy = (
  apiIds: readonly string[] = [],
  overrides: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> => ({
  name: unique('policy'),
  active: true,
  rate: 100,
  per: 60,
  quota_max: -1,
  quota_renewal_rate: 3600,
  access_rights: Object.fromEntries(
    apiIds.map((id) => [id, { api_id: id, api_name: id, versions: ['Default'], allowed_urls: [] }]),
  ),
  ...overrides,
});
