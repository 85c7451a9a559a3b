const { createRequire, isBuiltin } = require('node:module');
const { isAbsolute } = require('node:path');
const { compileFunction, constants } = require('node:vm');
const { default: Runtime } = require('jest-runtime');

/** Names that Jest answers itself, though they look like packages. */
const ofJest = new Set(['@jest/globals']);

/**
 * Jest's runtime, with one difference: what comes from `node_modules` is loaded by Node.js and kept as long as the worker
 * lives, as in production; only the project's own files are transformed and evaluated again for each test file. So ES
 * modules in packages need no transformation, and a test file does not pay for Nest, Mongoose and Fastify once more.
 * A package that is mocked (`jest.mock`) is so for the project's files and not for other packages.
 */
module.exports = class SharedRuntime extends Runtime {
  /** @type {Map<string, NodeJS.Require>} */
  #requires = new Map();
  /** Names that stand for files of ours. @type {RegExp[]} */
  #ours;

  /** @param {ConstructorParameters<typeof Runtime>} options */
  constructor(...options) {
    // Jest would replace it by one that ends with this test file.
    const { getBuiltinModule } = process;
    super(...options);
    process.getBuiltinModule = getBuiltinModule;
    const [{ injectGlobals, moduleNameMapper }] = options;
    this.#ours = moduleNameMapper.map(([pattern]) => new RegExp(pattern));
    const parameters = ['module', 'exports', 'require', '__dirname', '__filename', ...(injectGlobals ? ['jest'] : [])];
    /** @type {(source: string, filename: string) => Function} */
    const compile = (source, filename) =>
      compileFunction(source, parameters, {
        filename,
        importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
      });
    // Jest compiles for a realm of its own and has no option for that; its version is pinned, and every test would fail.
    Reflect.set(Reflect.get(this, 'executor'), 'compile', compile);
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
      if (name !== undefined && this.#isPackage(name)) return this.#native(from)(name);
    }
    return super.requireModule(from, name, options, isRequireActual);
  }

  /** @param {string} name */
  #isPackage(name) {
    if (ofJest.has(name)) return false;
    if (isBuiltin(name)) return true;
    if (name.startsWith('.') || isAbsolute(name)) return name.includes('/node_modules/');
    return !this.#ours.some((pattern) => pattern.test(name));
  }

  /** @param {string} from */
  #native(from) {
    const known = this.#requires.get(from) ?? createRequire(from);
    this.#requires.set(from, known);
    return known;
  }
};
