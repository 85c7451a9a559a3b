const { readFileSync } = require('node:fs');
const Module = require('node:module');
const { dirname, join } = require('node:path');
const { isMainThread } = require('node:worker_threads');

/**
 * Node.js loads this first, in every process and thread of a run of tests, so that its own `require` finds and compiles the
 * project's files. In a thread that the code under test has started they are compiled here; elsewhere by Jest
 * (`runtime.cjs`).
 */
const root = dirname(dirname(__dirname));

/** @type {(name: string, ...rest: unknown[]) => string} */
const resolve = Reflect.get(Module, '_resolveFilename');
/** @type {(name: string, ...rest: unknown[]) => string} */
const resolveOurs = (name, ...rest) => {
  const [, lib] = /^@castellan\/(\w+)$/.exec(name) ?? [];
  return resolve(lib === undefined ? name : join(root, 'libs', lib, 'src', 'index.ts'), ...rest);
};
Reflect.set(Module, '_resolveFilename', resolveOurs);

if (!isMainThread) {
  const { transformSync } = require('@swc/core');
  /** @type {(module: { _compile(code: string, file: string): void }, file: string) => void} */
  const load = (module, file) => {
    const { code } = transformSync(readFileSync(file, 'utf8'), {
      filename: file,
      configFile: false,
      swcrc: false,
      jsc: { target: 'es2023', parser: { syntax: 'typescript', decorators: true } },
      module: { type: 'commonjs' },
    });
    module._compile(code, file);
  };
  Reflect.set(Reflect.get(Module, '_extensions'), '.ts', load);
}
