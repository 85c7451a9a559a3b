/** A configuration that a fresh installation takes as it is. */
export const configurationExample = {
  castellan: { format: 1 },
  apis: [
    {
      api_definition: {
        api_id: '0b6c2f4e8a1d4c3f9e7b5a6d2c1f8e40',
        name: 'Imported',
        slug: 'imported',
        active: true,
        use_keyless: true,
        proxy: { listen_path: '/imported/', target_url: 'http://127.0.0.1:8000/', strip_listen_path: true },
        version_data: { not_versioned: true, versions: { Default: { name: 'Default' } } },
      },
    },
  ],
};
