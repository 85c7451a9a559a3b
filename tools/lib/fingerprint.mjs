import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Files that every build depends on. */
const settings = [
  ...['nest-cli.json', 'package-lock.json', 'tsconfig.json', 'tools/tsconfig.build.json'],
  ...['tools/lib/bundle.mjs', 'tools/lib/start-bundle.cjs'],
];

/** What goes into a build, beside the settings. */
export const buildSources = {
  sources: ['apps', 'libs'],
  without: /\.(e2e-|stack-)?spec\.ts$|^apps\/[^/]+\/test\//,
};

/**
 * A hash of the content of everything a build reads. Content, because a checkout gives old content new times.
 * @param {string} folder
 * @param {{ sources: string[], without: RegExp }} what
 */
export function fingerprint(folder, what) {
  const hash = createHash('sha256');
  for (const file of [...settings.filter((name) => existsSync(join(folder, name))), ...filesOf(folder, what)]) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(folder, file)))
      .update('\0');
  }
  return hash.digest('hex');
}

/**
 * @param {string} folder
 * @param {{ sources: string[], without: RegExp }} what
 * @returns {string[]} paths below `folder`, sorted
 */
export function filesOf(folder, what) {
  return what.sources
    .flatMap((source) => filesUnder(folder, source))
    .filter((file) => !what.without.test(file))
    .sort();
}

/**
 * @param {string} folder
 * @param {string} under
 * @returns {string[]}
 */
function filesUnder(folder, under) {
  if (!existsSync(join(folder, under))) return [];
  return readdirSync(join(folder, under), { withFileTypes: true }).flatMap((entry) => {
    const path = `${under}/${entry.name}`;
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : filesUnder(folder, path);
    return entry.isFile() ? [path] : [];
  });
}
