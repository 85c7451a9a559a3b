import { copyFile, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { transformFile } from '@swc/core';

/** Files that are built at once: enough for the processors, few enough for the open files of a process. */
const atOnce = 32;

/**
 * Writes JavaScript and source maps for TypeScript, and copies what else is there (JSON). Types only go here; they are
 * checked by `npm run lint`.
 * @param {object} what
 * @param {string} what.root
 * @param {string} what.outDir what else it has below the same top folders is removed at the end
 * @param {string[]} what.files paths below `root`
 * @returns {Promise<string[]>} what cannot be read as TypeScript, in words
 */
export async function compileFiles({ root, outDir, files }) {
  for (const folder of new Set(files.map(dirname))) await mkdir(join(outDir, folder), { recursive: true });
  /** @type {string[]} */
  const problems = [];
  const waiting = [...files];
  const work = async () => {
    for (let file = waiting.pop(); file !== undefined; file = waiting.pop())
      await compileFile(root, outDir, file).catch((problem) => problems.push(String(problem)));
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  await removeOthers(outDir, new Set(files.flatMap(outputsOf)));
  return problems;
}

/** @param {string} file */
function outputsOf(file) {
  const built = file.replace(/\.ts$/, '.js');
  return built === file ? [file] : [built, `${built}.map`];
}

/**
 * What an earlier build has left: a running program of an older build still finds what both have.
 * @param {string} outDir
 * @param {ReadonlySet<string>} built
 */
async function removeOthers(outDir, built) {
  for (const top of new Set([...built].map((file) => file.slice(0, file.indexOf('/'))))) {
    const entries = await readdir(join(outDir, top), { recursive: true, withFileTypes: true });
    const others = entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((path) => !built.has(relative(outDir, path)));
    await Promise.all(others.map((path) => rm(path, { force: true })));
  }
}

/**
 * @param {string} root
 * @param {string} outDir
 * @param {string} file
 */
async function compileFile(root, outDir, file) {
  if (!file.endsWith('.ts')) return copyFile(join(root, file), join(outDir, file));
  const target = join(outDir, file.replace(/\.ts$/, '.js'));
  const { code, map } = await transformFile(join(root, file), {
    configFile: false,
    swcrc: false,
    sourceMaps: true,
    sourceFileName: relative(dirname(target), join(root, file)),
    jsc: {
      target: 'es2023',
      baseUrl: root,
      paths: { '@castellan/*': ['libs/*/src/index'] },
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true },
    },
    module: { type: 'commonjs', ignoreDynamic: true },
  });
  await writeFile(target, `${code}\n//# sourceMappingURL=${basename(target)}.map\n`);
  await writeFile(`${target}.map`, map ?? '');
}
