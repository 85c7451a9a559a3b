/** Arrows go one way: apps -> libs; `analytics`, `tyk`, `dto` and `config` stand on the ground; no app imports another. */
const lib = (name) => `^libs/${name}/`;

/**
 * Layers of the api: a controller asks services, services ask stores. What no domain owns everybody may use; of a domain,
 * others use its services, its DTOs, the module that brings them, and what stands here, and nothing else.
 */
const domain = (folders) => `^apps/api/src/(?:${folders})/`;
const notOfDomains = 'http|resources|threads|chores|documentation';
const opened = ['[^/]+\\.service\\.ts$', '[^/]+\\.module\\.ts$', '[^/]+\\.dto\\.ts$'];

/** Of a domain (an OpenAPI document is the other form of an API), what it shows beside those. */
const shown = {
  analytics: ['storage/collections'],
  'apis|oas': ['api-form', 'api-listings', 'certificate-references', 'hook-references', 'listing', 'wrapper'],
  assets: [],
  audit: ['csv'],
  auth: [
    'access-key-header',
    'acting-organisation',
    'attempts',
    'operator-secrets',
    'operator-secrets-reader',
    'organisation-strategy',
    'passwords',
    'sealed',
    'secrets',
    'user-rights',
  ],
  certificates: [],
  gateways: ['coalescer', 'loaded-texts', 'node-documents'],
  history: ['history-routes'],
  'import-export': ['yaml'],
  'keys|oauth': ['key-finder', 'key-keeper', 'key-places', 'key-rotation', 'organisation-sessions'],
  oidc: [],
  organisations: ['kind-sections', 'organisation-draft'],
  ownership: ['access-routes', 'kind-routes', 'named-to', 'owners', 'sight', 'sights'],
  policies: ['lost-values', 'policy-references'],
  retention: ['background-job', 'replica-lock'],
  schemas: [],
  sessions: ['own-pages', 'proof', 'safe-path', 'session-cookie', 'session-reply', 'visitor'],
  setup: [],
  sso: [],
  system: ['version'],
  users: ['author', 'email-address', 'people-rules', 'user-content'],
  webhooks: [],
};

const tests = ['spec\\.ts$', '^apps/[^/]+/test/'];

const throughWhatItShows = Object.entries(shown).map(([folders, files]) => ({
  name: `${folders.split('|')[0]}-through-what-it-shows`,
  severity: 'error',
  from: { path: '^apps/api/src/[^/]+/', pathNot: [domain(folders), ...tests] },
  to: { path: domain(folders), pathNot: [...opened, `/(?:${files.join('|')})\\.ts$`] },
}));

/** @type {import('dependency-cruiser').IForbiddenRuleType[]} */
const layers = [
  {
    name: 'controllers-ask-services',
    severity: 'error',
    from: { path: '\\.controllers?\\.ts$' },
    to: { path: ['[-/]stores?\\.ts$', '\\.controllers?\\.ts$'] },
  },
  {
    name: 'services-know-no-controller',
    severity: 'error',
    from: { path: '^apps/', pathNot: ['\\.controllers?\\.ts$', '\\.module\\.ts$', ...tests] },
    to: { path: '\\.controllers?\\.ts$' },
  },
  {
    name: 'stores-know-no-service',
    severity: 'error',
    from: { path: '[-/]stores?\\.ts$' },
    to: { path: '\\.(?:controllers?|service|module)\\.ts$' },
  },
  {
    name: 'every-folder-is-a-domain-or-shared',
    severity: 'error',
    from: { path: '^apps/api/src/', pathNot: tests },
    to: {
      path: '^apps/api/src/[^/]+/',
      pathNot: [domain(notOfDomains), '^apps/api/src/(?:cli|examples)/', ...Object.keys(shown).map(domain)],
    },
  },
  ...throughWhatItShows,
];

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...layers,
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    { name: 'libs-know-no-app', severity: 'error', from: { path: '^libs/' }, to: { path: '^apps/' } },
    {
      name: 'apps-are-strangers',
      severity: 'error',
      from: { path: '^apps/([^/]+)/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'ground-libs-depend-on-no-lib',
      severity: 'error',
      from: { path: '^libs/(analytics|tyk|dto|config)/', pathNot: 'spec\\.ts$' },
      to: { path: '^libs/', pathNot: '^libs/$1/' },
    },
    {
      name: 'libs-through-their-index',
      severity: 'error',
      from: { path: '^(?:apps|libs)/([^/]+)/' },
      to: { path: '^libs/[^/]+/src/(?!index\\.ts$)', pathNot: '^libs/$1/' },
    },
    {
      name: 'host-manager-stays-small',
      severity: 'error',
      from: { path: '^(apps/host-manager|libs/delivery)/', pathNot: ['spec\\.ts$', '^apps/[^/]+/test/'] },
      to: { path: '^libs/', pathNot: '^libs/(config|delivery|observability)/' },
    },
    { name: 'tools-know-no-bench', severity: 'error', from: { path: '^tools/' }, to: { path: '^bench/' } },
    {
      name: 'testing-only-in-tests',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: ['spec\\.ts$', '^apps/[^/]+/test/', lib('testing')] },
      to: { path: lib('testing') },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
