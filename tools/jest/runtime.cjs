const asyncHooks = require('node:async_hooks');
const Module = require('node:module');
const { createRequire, isBuiltin } = Module;
const { compileFunction, constants } = require('node:vm');
const { default: Runtime } = require('jest-runtime');

/** Names that Jest answers itself, though they look like packages. */
const ofJest = new Set(['@jest/globals']);
/** What is evaluated for each test file. */
const testFile = /[.-]spec\.ts$/;

/** Where the source maps of the files lie that are loaded once a worker. @type {Map<string, string>} */
const sourceMaps = new Map();
/** Files of packages, compiled. @type {Map<string, Function>} */
const compiled = new Map();
/** The runtime of the test file that runs now. @type {{ transformed(file: string): string } | undefined} */
let current;

/** @type {(module: { _compile(code: string, file: string): void }, file: string) => void} */
const load = (module, file) => {
  if (current === undefined) throw new Error(`No test file runs that could need ${file}`);
  module._compile(current.transformed(file), file);
};
Reflect.set(Reflect.get(Module, '_extensions'), '.ts', load);

/**
 * What Jest's runner takes for Node.js's storage of the same name, to know which test an error belongs to. It makes one for
 * each test file and never ends it; Node.js asks every storage at every promise, so that the hundredth file of a worker was
 * several times slower than its first, and the first slower than without. The tests of a file run one after the other, so
 * that remembering which one runs is enough.
 * @template T
 */
class AsyncLocalStorage {
  /** @type {T | undefined} */
  #store;

  getStore() {
    return this.#store;
  }

  /**
   * @template R
   * @param {T} store
   * @param {() => Promise<R>} callback
   * @returns {Promise<R>}
   */
  async run(store, callback) {
    const before = this.#store;
    this.#store = store;
    try {
      return await callback();
    } finally {
      this.#store = before;
    }
  }
}

/** What Jest's own code gets instead of modules of Node.js. */
const forJest = { 'node:async_hooks': { ...asyncHooks, AsyncLocalStorage } };

/**
 * Jest's runtime, with one difference: only test files are evaluated for themselves. What they load, packages and the
 * project's own files alike, is loaded by Node.js and kept as long as the worker lives, as in production. So a test file
 * does not pay for Nest, Mongoose, Fastify and the application once more, and finds them warm. A test file that changes
 * what modules hold has a comment with `@own-modules`: it gets the project's files for itself.
 */
module.exports = class SharedRuntime extends Runtime {
  /** @type {Map<string, NodeJS.Require>} */
  #requires = new Map();
  /** Names that stand for files of ours. @type {RegExp[]} */
  #ours;
  /** @type {{ transform(file: string): string, getSourceMaps(): Map<string, string> }} */
  #transforms;
  #ownModules;

  /** @param {ConstructorParameters<typeof Runtime>} options */
  constructor(...options) {
    // Jest would replace it by one that ends with this test file.
    const { getBuiltinModule } = process;
    super(...options);
    process.getBuiltinModule = getBuiltinModule;
    const [{ injectGlobals, moduleNameMapper }, environment] = options;
    const globalConfig = options[7];
    this.#ours = moduleNameMapper.map(([pattern]) => new RegExp(pattern));
    // A worker of a watching run lives on when files have changed.
    const watches = globalConfig?.watch === true || globalConfig?.watchAll === true;
    this.#ownModules = watches || Reflect.get(environment, 'ownModules') === true;
    this.#transforms = Reflect.get(this, 'transformCache');
    for (const [file, map] of sourceMaps) this.#transforms.getSourceMaps().set(file, map);
    const parameters = ['module', 'exports', 'require', '__dirname', '__filename', ...(injectGlobals ? ['jest'] : [])];
    /** @type {(source: string, filename: string) => Function} */
    const compile = (source, filename) => {
      const known = compiled.get(filename);
      if (known !== undefined) return known;
      const made = compileFunction(source, parameters, {
        filename,
        importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
      });
      // The files of Jest itself, which each test file gets for itself.
      if (filename.includes('/node_modules/')) compiled.set(filename, made);
      return made;
    };
    // Jest compiles for a realm of its own and has no option for that; its version is pinned, and every test would fail.
    Reflect.set(Reflect.get(this, 'executor'), 'compile', compile);
    current = this;
  }

  /**
   * @override
   * @template T
   * @param {string} from
   * @param {string} [name]
   * @param {Parameters<Runtime['requireModule']>[2]} [options]
   * @param {boolean} [isRequireActual]
   * @returns {T}
   */
  requireModule(from, name, options, isRequireActual) {
    if (options?.isInternalModule !== true) {
      if (name === undefined && from.includes('/node_modules/')) return this.#native(from)(from);
      if (name !== undefined && this.#isShared(from, name)) return this.#native(from)(name);
    }
    return super.requireModule(from, name, options, isRequireActual);
  }

  /**
   * @override
   * @template T
   * @param {string} from
   * @param {string} [name]
   * @returns {T}
   */
  requireInternalModule(from, name) {
    return name !== undefined && name in forJest ? Reflect.get(forJest, name) : super.requireInternalModule(from, name);
  }

  /**
   * The JavaScript of a file of ours.
   * @param {string} file
   * @returns {string}
   */
  transformed(file) {
    const code = this.#transforms.transform(file);
    const map = this.#transforms.getSourceMaps().get(file);
    if (map !== undefined) sourceMaps.set(file, map);
    return code;
  }

  /**
   * @param {string} from
   * @param {string} name
   */
  #isShared(from, name) {
    if (ofJest.has(name)) return false;
    if (isBuiltin(name) || name.includes('/node_modules/')) return true;
    const ours = name.startsWith('.') || name.startsWith('/') || this.#ours.some((pattern) => pattern.test(name));
    if (!ours) return true;
    return !this.#ownModules && !testFile.test(this.#native(from).resolve(name));
  }

  /** @param {string} from */
  #native(from) {
    const known = this.#requires.get(from) ?? createRequire(from);
    this.#requires.set(from, known);
    return known;
  }
};
