const { readFileSync } = require('node:fs');
const Module = require('node:module');
const { dirname, join } = require('node:path');
const { setFlagsFromString } = require('node:v8');
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

if (isMainThread) {
  // Most code of tests runs a few times: V8 waits twice as long until it makes a function fast, which takes it processor time
  // on threads of its own. Node.js 20 and 22 know this setting; a V8 without it says so and goes on.
  setFlagsFromString('--interrupt-budget=300000');
} else {
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
