/**
 * Packages are loaded by Node.js, once a worker (`tools/jest/runtime.cjs`); what follows about transforming is for our own files.
 *
 * Three projects, by what they need:
 *   unit   pure code, no services
 *   e2e    one application inside the test process, real MongoDB wire server and Redis
 *   stack  the built applications as real processes
 * `npm run test:unit|test:e2e|test:stack` starts what a project needs; a file path after it runs that file alone.
 */
const lib = (name) => [`^@castellan/${name}$`, `<rootDir>/libs/${name}/src/index.ts`];

const shared = {
  rootDir: __dirname,
  testEnvironment: '<rootDir>/tools/jest/environment.cjs',
  runtime: '<rootDir>/tools/jest/runtime.cjs',
  testRunner: '<rootDir>/tools/jest/runner.cjs',
  setupFiles: ['reflect-metadata'],
  setupFilesAfterEnv: ['<rootDir>/tools/jest/patience.cjs'],
  // Jest looks through these at each start; `node_modules` and `dist` would cost seconds.
  roots: ['<rootDir>/apps', '<rootDir>/libs', '<rootDir>/test'],
  moduleNameMapper: Object.fromEntries(
    ['analytics', 'config', 'delivery', 'dto', 'keys', 'observability', 'persistence', 'rbac', 'testing', 'tyk'].map(
      lib,
    ),
  ),
  transform: {
    '\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2023',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
        },
        module: { type: 'commonjs' },
      },
    ],
  },
};

module.exports = {
  testSequencer: '<rootDir>/tools/jest/sequencer.cjs',
  projects: [
    {
      ...shared,
      displayName: 'unit',
      testMatch: ['<rootDir>/{apps,libs,test}/**/*.spec.ts'],
    },
    {
      ...shared,
      displayName: 'e2e',
      testMatch: ['<rootDir>/{apps,libs,test}/**/*.e2e-spec.ts'],
    },
    {
      ...shared,
      displayName: 'stack',
      testMatch: ['<rootDir>/test/**/*.stack-spec.ts'],
    },
  ],
};
