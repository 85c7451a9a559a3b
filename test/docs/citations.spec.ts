import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { pageOf, root } from './table';

const folders = ['apps', 'libs', 'test', 'tools', 'bench', 'docs', 'deploy'];
const isText = /\.(?:ts|mjs|cjs|md|ya?ml)$/;

const files = [
  ...readdirSync(root).filter((name) => isText.test(name)),
  ...folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((path) => isText.test(path))
      .map((path) => join(folder, path)),
  ),
].map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));

/** The anchor that readers of Markdown give a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-');

const anchorsIn = (markdown: string): readonly string[] =>
  [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading));

const leadsSomewhere = (page: string, anchor: string | undefined): boolean => {
  const path = join(root, page);
  return existsSync(path) && (anchor === undefined || anchorsIn(readFileSync(path, 'utf8')).includes(anchor));
};

/** Places named as `docs/tyk/nodes.md#nonces` is, from the root, in whatever kind of file. */
const citations = files.flatMap(({ path, text }) =>
  [...text.matchAll(/(?<![\w./-])docs\/[\w./-]+\.md(?:#([\w-]+))?/g)].map(([cited, anchor]) => ({
    path,
    cited,
    anchor,
  })),
);

/** Links of a page, which are relative to it. */
const links = files
  .filter(({ path }) => path.endsWith('.md'))
  .flatMap(({ path, text }) =>
    [...text.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([\w-]+))?\)/g)].map(([link, target = '', anchor]) => ({
      path,
      link,
      page: target === '' ? path : normalize(join(dirname(path), target)),
      anchor,
    })),
  );

const isPage = (path: string): boolean => path.endsWith('.md');
/** What of a file is said to people: all of a page, and the comments of code. */
const saidIn = ({ path, text }: { readonly path: string; readonly text: string }): string =>
  isPage(path) ? text : (text.match(/\/\*\*?[\s\S]*?\*\/|(?:^|\s)\/\/ .*$|^\s*# .*$/gm) ?? []).join('\n');

/** Places of code, such as `apps/api/src/apis`, but for patterns and what is built. */
const codePaths = files.flatMap(({ path, text }) =>
  [...saidIn({ path, text }).matchAll(/(?<![\w./@-])(?:apps|libs|test|tools|bench|deploy)\/[\w./-]+(?![\w*<{$])/g)]
    .map(([cited]) => ({ path, cited: cited.replace(/[./-]+$/, '') }))
    .filter(({ cited }) => !cited.split('/').includes('dist')),
);

describe('what a comment or a page cites', () => {
  it('is a page of this repository, with that heading', () => {
    const broken = citations.filter(({ cited, anchor }) => !leadsSomewhere(cited.replace(/#.*/, ''), anchor));
    expect(broken).toEqual([]);
    expect(citations.length).toBeGreaterThan(50);
  });

  it('is code that is there', () => {
    expect(codePaths.filter(({ cited }) => !existsSync(join(root, cited)))).toEqual([]);
    expect(codePaths.length).toBeGreaterThan(30);
  });

  it('is where a link leads', () => {
    const broken = links.filter(({ page, anchor }) => !leadsSomewhere(page, page.endsWith('.md') ? anchor : undefined));
    expect(broken).toEqual([]);
    expect(links.length).toBeGreaterThan(20);
  });

  it('is nothing that only its author can open', () => {
    const own = 'test/docs/citations.spec.ts';
    const unknown = /\((?:see )?(?:the )?(?:reference|appendix) [A-Z\d]|\bappendix [A-C]\b|decisive fact/i;
    expect(files.filter(({ path, text }) => path !== own && unknown.test(text)).map(({ path }) => path)).toEqual([]);
  });
});

describe('docs/promises.md', () => {
  const numbers = [...pageOf('promises.md').matchAll(/^## (\d+)\. /gm)].map(([, number]) => Number(number));
  const titles = files
    .filter(({ path }) => /spec\.ts$/.test(path))
    .flatMap(({ text }) => [...text.matchAll(/\b(?:describe|it)(?:\.each\([^)]*\))?\(\s*['"`](.*)/g)])
    .map(([, title = '']) => title);

  it('makes ten of them', () => {
    expect(numbers).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it.each(numbers)('has tests that name promise %i', (number) => {
    expect(titles.filter((title) => new RegExp(`\\bpromise ${number}\\b`).test(title))).not.toEqual([]);
  });

  it('is what every mention of a promise means', () => {
    const named = files.flatMap(({ path, text }) =>
      [...text.matchAll(/\bpromise (\d+)\b/gi)].map(([, number]) => ({ path, number: Number(number) })),
    );
    expect(named.filter(({ number }) => !numbers.includes(number))).toEqual([]);
  });
});
