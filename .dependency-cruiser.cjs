/** Arrows go one way: apps -> libs; `analytics`, `tyk`, `dto` and `config` stand on the ground; no app imports another. */
const lib = (name) => `^libs/${name}/`;

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
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
