import * as fc from 'fast-check';
import { anyJson } from '../testing/arbitraries';
import { readDocument } from './read-document';

describe('the text of a document', () => {
  it('gives the data it was written from', () => {
    fc.assert(
      fc.property(anyJson, (value) => {
        expect(readDocument(JSON.stringify(value))).toEqual({ ok: true, document: value });
      }),
    );
  });

  it('may be YAML that merges one object into another', () => {
    const text = 'x-base: &base\n  type: object\n';
    const merged = `${text}openapi: 3.0.3\ninfo: {title: Merged, version: "1"}\npaths: {}\ncomponents:\n  schemas:\n    A:\n      <<: *base\n`;
    const read = readDocument(merged);
    expect(read).toMatchObject({ ok: true, document: { components: { schemas: { A: { type: 'object' } } } } });
    expect(JSON.stringify(read)).not.toContain('<<');
  });

  it('may be YAML with aliases, but not so many that they explode', () => {
    expect(readDocument('a: &x {b: 1}\nc: *x\n200: ok')).toEqual({
      ok: true,
      document: { a: { b: 1 }, c: { b: 1 }, '200': 'ok' },
    });
    const bomb = [
      'a: &a [x,x,x,x,x,x,x,x,x]',
      ...'bcdefghi'.split('').map((name, index) => {
        const previous = 'abcdefghi'[index] ?? '';
        return `${name}: &${name} [${Array.from({ length: 9 }, () => `*${previous}`).join(',')}]`;
      }),
    ].join('\n');
    const result = readDocument(bomb);
    expect(result.ok ? '' : result.problems[0]?.message).toContain('alias');
  });

  it.each([
    ['broken JSON', '{"a": }'],
    ['broken YAML', 'a: [1'],
    ['a YAML value that holds itself', 'a: &a [*a]'],
    ['two YAML documents', 'a: 1\n---\nb: 2'],
    ['deep JSON', `${'['.repeat(5000)}${']'.repeat(5000)}`],
    ['deep YAML', `${'- '.repeat(20_000)}x`],
    ['a text that is too long', 'x'.repeat(10_000_001)],
  ])('is refused with a reason: %s', (_, text) => {
    expect(readDocument(text)).toMatchObject({ ok: false, problems: [{ path: '' }] });
  });
});
