const { statSync } = require('node:fs');

/** The kinds of test files, those that take longest first. */
const kinds = ['.stack-spec.ts', '.e2e-spec.ts', '.spec.ts'];

/**
 * The longest first, so that no worker ends with one while the others have nothing to do. Jest guesses by size alone where
 * it has no times of an earlier run, as on a clean machine.
 */
module.exports = class LongestFirst {
  /**
   * @template {{ path: string }} T
   * @param {readonly T[]} tests
   */
  sort(tests) {
    return tests
      .map((test) => ({
        test,
        kind: kinds.findIndex((ending) => test.path.endsWith(ending)),
        size: statSync(test.path).size,
      }))
      .sort((a, b) => a.kind - b.kind || b.size - a.size)
      .map(({ test }) => test);
  }

  /**
   * @template T
   * @param {T} tests
   */
  allFailedTests(tests) {
    return tests;
  }

  /** Nothing is remembered: a run is like the one before. */
  cacheResults() {}
};
