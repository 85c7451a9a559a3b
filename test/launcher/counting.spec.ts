import { evaluate } from './tools';

const suite = (status: string, ...tests: string[]): object => ({
  status,
  assertionResults: tests.map((test) => ({ status: test })),
});

describe('counting tests', () => {
  const count = (result: unknown): unknown =>
    evaluate(
      `import { countTests } from './tools/lib/jest-result.mjs'; answer(countTests(input ?? undefined));`,
      result,
    );

  it('adds the tests of all suites', () => {
    const testResults = [suite('passed', 'passed', 'pending', 'todo'), suite('failed', 'passed', 'failed', 'failed')];
    expect(count({ testResults })).toEqual({ passed: 2, failed: 2, skipped: 2 });
  });

  it('counts a suite that fails to run, or fails after its tests, as one failed', () => {
    expect(count({ testResults: [suite('failed'), suite('failed', 'passed')] })).toEqual({
      ...{ passed: 1, failed: 2, skipped: 0 },
    });
  });

  it('tells the projects apart by the names of their files, and the slowest files from the others', () => {
    const file = (name: string, seconds: number): object => ({
      ...suite('passed', 'passed'),
      ...{ name: `/r/${name}`, startTime: 1_000, endTime: 1_000 + seconds * 1_000 },
    });
    const result = { testResults: [file('a.spec.ts', 1), file('b.e2e-spec.ts', 3), file('c.stack-spec.ts', 2)] };
    const found = evaluate(
      `import { countTests, ofProject, slowestFiles } from './tools/lib/jest-result.mjs';
       const files = (project) => ofProject(input, project).testResults.map(({ name }) => name);
       answer({ unit: files('unit'), e2e: files('e2e'), stack: files('stack'), slowest: slowestFiles(input, '/r', 2) });`,
      result,
    );
    expect(found).toEqual({
      unit: ['/r/a.spec.ts'],
      e2e: ['/r/b.e2e-spec.ts'],
      stack: ['/r/c.stack-spec.ts'],
      slowest: [
        { file: 'b.e2e-spec.ts', seconds: 3, tests: 1 },
        { file: 'c.stack-spec.ts', seconds: 2, tests: 1 },
      ],
    });
  });

  it('knows nothing of a run that wrote nothing', () => {
    expect(count(null)).toEqual({ passed: 0, failed: 0, skipped: 0 });
  });
});

describe('stages', () => {
  it('run after what they need, never more than fit, and fail when that failed', () => {
    const reports = evaluate(`
      import { formatCounts, runStages, sum } from './tools/lib/stages.mjs';
      const ok = { passed: 1, failed: 0, skipped: 0, output: '' };
      let load = 0, most = 0;
      const stage = (name, weight, needs, result = ok) => ({ name, weight, needs, run: async () => {
        load += weight; most = Math.max(most, load);
        await new Promise((resolve) => setImmediate(resolve));
        load -= weight;
        if (result instanceof Error) throw result;
        return result;
      } });
      const reports = await runStages([
        stage('tests', 2, ['build']), stage('build', 1), stage('lint', 1), stage('types', 1, [], new Error('broken')),
        stage('docs', 1, ['types']), stage('e2e', 2, [], { passed: 5, failed: 0, skipped: 2, output: '' }),
      ], () => {});
      answer({ reports: reports.map(({ name, failed }) => [name, failed]), most, total: formatCounts(sum(reports)) });
    `);
    expect(reports).toEqual({
      reports: [
        ['tests', 0],
        ['build', 0],
        ['lint', 0],
        ['types', 1],
        ['docs', 1],
        ['e2e', 0],
      ],
      most: 2,
      total: '8 passed, 2 failed, 2 skipped',
    });
  });
});

describe('stages', () => {
  it('run after others even when those failed, and beside what goes on', () => {
    const said = evaluate(`
      import { runStages } from './tools/lib/stages.mjs';
      const said = [];
      const stage = (name, how) => ({ name, weight: 1, ...how, run: async () => {
        said.push(name);
        await new Promise((resolve) => setImmediate(resolve));
        return { passed: 0, failed: name === 'build' ? 1 : 0, skipped: 0, output: '' };
      } });
      await runStages([
        stage('build'), stage('tests', { after: ['build'] }), stage('lint'), stage('drift', { needs: ['build'] }),
      ], () => {});
      answer(said);
    `);
    expect(said).toEqual(['build', 'lint', 'tests']);
  });
});

describe('the committed OpenAPI file', () => {
  it('has its keys sorted and its lists as they come', () => {
    const sorted = evaluate(
      `import { withSortedKeys } from './tools/lib/json.mjs'; answer(JSON.stringify(withSortedKeys(input)));`,
      { b: [{ d: 1, c: 2 }, 'z', 'a'], a: null },
    );
    expect(sorted).toBe('{"a":null,"b":[{"c":2,"d":1},"z","a"]}');
  });

  it.each([
    ['a\nb\n', 'a\nc\n', { line: 2, before: 'b', after: 'c' }],
    ['a\nb\n', 'a\n', { line: 2, before: 'b', after: '' }],
    ['', 'a\n', { line: 1, before: '', after: 'a' }],
    ['a\n', 'a\n', null],
  ])('shows where it drifted', (before, after, difference) => {
    const found = evaluate(
      `import { firstDifference } from './tools/lib/json.mjs'; answer(firstDifference(...input) ?? null);`,
      [before, after],
    );
    expect(found).toEqual(difference);
  });
});
