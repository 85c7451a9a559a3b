/** The organisation of the examples, which brings its id. */
const organisation = '54b53d3aeba6db5c35000002';

export const organisationExample = { id: organisation, owner_name: 'Globex', owner_slug: 'globex' };

const apiId = '39d2c98b7f5b4f1a6b3c2d1e0f9a8b7c';

/** They work once the organisation of the example is there. */
export const apisExample = {
  apis: [
    {
      api_definition: {
        org_id: organisation,
        api_id: apiId,
        name: 'Restored',
        slug: 'restored',
        active: true,
        use_keyless: true,
        proxy: { listen_path: '/restored/', target_url: 'http://127.0.0.1:8000/', strip_listen_path: true },
        version_data: { not_versioned: true, versions: { Default: { name: 'Default' } } },
      },
    },
  ],
};

export const policiesExample = {
  Data: [{ _id: '5ead7120575961000181867e', org_id: organisation, name: 'Restored', active: true, access_rights: {} }],
};
