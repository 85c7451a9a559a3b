// @ts-expect-error -- the package has no types for this file
const { default: run } = require('jest-circus/runner');

/** @typedef {[globalConfig: object, config: object, environment: object, runtime: object, path: string]} Parameters */

/**
 * Jest's own, which says nothing of a test before its file has ended: otherwise each test is copied and sent to the main process
 * twice, which looks through all of them whenever one ends, for a display that nobody looks at. Of thousands of tests that took
 * ten seconds of processor time.
 * @param {Parameters} parameters
 */
module.exports = (...parameters) => run(...parameters.slice(0, 5));
