/**
 * A suite that fails without a failed test of its own (it does not compile, a hook throws) counts as one failed.
 * @param {unknown} result what jest wrote; undefined when it wrote nothing
 */
export function countTests(result) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const suite of suitesOf(result)) {
    const statuses = suite.assertionResults.map(({ status }) => status);
    const failed = statuses.filter((status) => status === 'failed').length;
    counts.passed += statuses.filter((status) => status === 'passed').length;
    counts.skipped += statuses.filter((status) => ['pending', 'skipped', 'todo', 'disabled'].includes(status)).length;
    counts.failed += suite.status === 'failed' ? Math.max(failed, 1) : failed;
  }
  return counts;
}

/**
 * @param {unknown} result
 * @returns {{ status: string, assertionResults: { status: string }[] }[]}
 */
function suitesOf(result) {
  const known = typeof result === 'object' && result !== null && 'testResults' in result;
  return known && Array.isArray(result.testResults) ? result.testResults : [];
}
