/** The `api_id` of the example: what works on an API works on this one, once the example has been sent. */
export const exampleApiId = 'b84fe1a04e5648927971c0557971565c';

/** A classic API that a fresh installation takes as it is, and that serves something. */
export const classicExample = {
  api_definition: {
    api_id: exampleApiId,
    name: 'Echo',
    slug: 'echo',
    active: true,
    use_keyless: true,
    proxy: { listen_path: '/echo/', target_url: 'http://127.0.0.1:8000/', strip_listen_path: true },
    version_data: { not_versioned: true, versions: { Default: { name: 'Default' } } },
  },
};
