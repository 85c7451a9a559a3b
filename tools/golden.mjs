// Writes the outcomes of conversions anew (`libs/tyk/golden`), by the test that compares them.
process.env.CASTELLAN_TEST_GOLDEN = 'write';
process.argv.splice(2, Infinity, 'unit', 'libs/tyk/golden');
await import('./test.mjs');
