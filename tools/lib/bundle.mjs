import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decode, encode } from '@jridgewell/sourcemap-codec';
import { build } from 'esbuild';
import { run } from './run.mjs';

/** What starts a bundle: Node.js loads it as a file of its own, next to what it starts. */
const starter = fileURLToPath(new URL('./start-bundle.cjs', import.meta.url));

/** Has the starter keep what V8 made of the bundle. */
const keepCache = '--keep-cache';

/** How long an app without settings may take to end, in milliseconds; without a cache it starts all the same. */
const longest = 120_000;

/** Packages that look for files of their own beside themselves, and so stay where they are. */
const unbundled = ['@node-rs/argon2', 'pino', 'piscina', 'swagger-ui-dist'];

/**
 * Puts a compiled app and its packages into one file, of which a process loads in a third of the time what thousands of
 * files hold. Beside it lie the program that starts it, its map to the TypeScript sources, and what V8 made of it.
 * @param {object} what
 * @param {string} what.entry the app's main file, compiled
 * @param {string} what.folder where the bundle goes, and nothing else is
 */
export async function bundleApp({ entry, folder }) {
  const { outputFiles } = await build({
    entryPoints: [entry],
    outfile: join(folder, 'app.js'),
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    keepNames: true,
    sourcemap: 'linked',
    sourcesContent: false,
    // What is left of `import()` would be looked for from the working directory.
    supported: { 'dynamic-import': false },
    define: { 'import.meta.url': 'importMetaUrl' },
    banner: { js: "const importMetaUrl = require('node:url').pathToFileURL(__filename).href;" },
    external: unbundled,
    plugins: [parts(folder)],
    logLevel: 'silent',
  });
  await mkdir(folder, { recursive: true });
  for (const { path, contents } of outputFiles) {
    // The last line says which build it is: what V8 made of another one must not be taken for this one's.
    const id = createHash('sha256').update(contents).digest('hex');
    await replace(
      path,
      path.endsWith('.map') ? ofOurs(contents) : Buffer.concat([contents, Buffer.from(`//# ${id}\n`)]),
    );
  }
  await replace(join(folder, 'start.js'), await readFile(starter));
  for (const name of await readdir(folder)) if (name.endsWith('.cache')) await rm(join(folder, name), { force: true });
  // An app without settings loads everything, says what it lacks and ends.
  await run(process.execPath, [join(folder, 'start.js'), keepCache], {
    env: { PATH: process.env.PATH },
    timeout: longest,
  });
}

/**
 * Somebody may start what an earlier build has left, and finds the old file or the new one.
 * @param {string} path
 * @param {Uint8Array} contents
 */
async function replace(path, contents) {
  await writeFile(`${path}.part`, contents);
  await rename(`${path}.part`, path);
}

/**
 * @param {string} folder
 * @returns {import('esbuild').Plugin}
 */
function parts(folder) {
  const name = 'parts of a bundle';
  return {
    name,
    setup(bundle) {
      // A thread begins with a file of its own.
      bundle.onResolve({ filter: /\.worker$/ }, ({ path, resolveDir }) => ({
        path: `./${relative(folder, resolve(resolveDir, path))}.js`,
        external: true,
      }));
      // Nest asks for many a package that only those have installed who want it.
      bundle.onResolve({ filter: /^[^./]/ }, async ({ path, kind, pluginData, ...from }) => {
        if (pluginData === name || kind === 'entry-point') return undefined;
        const found = await bundle.resolve(path, { ...from, kind, pluginData: name });
        return found.errors.length > 0 ? { path, external: true } : found;
      });
      bundle.onLoad({ filter: /\/node_modules\/@nestjs\/mongoose\/.*\.js$/ }, async ({ path }) => {
        return { contents: mongooseAsNodeSeesIt(await readFile(path, 'utf8')), resolveDir: dirname(path) };
      });
    },
  };
}

/**
 * The namespace of a CommonJS module holds for Node.js what is found without running it, and `default`; esbuild copies every
 * property, which calls getters of Mongoose.
 * @param {string} text
 */
function mongooseAsNodeSeesIt(text) {
  return text.replace("import * as mongoose from 'mongoose'", "import mongoose from 'mongoose'");
}

/**
 * The map without the places of packages, which are four of five: reading all of them takes a second and 200 MB of whoever
 * has an error to show.
 * @param {Uint8Array} contents
 */
function ofOurs(contents) {
  /** @type {{ sources: string[], mappings: string }} */
  const map = JSON.parse(Buffer.from(contents).toString());
  /** @type {(segment: import('@jridgewell/sourcemap-codec').SourceMapSegment) => boolean} */
  const isOurs = (segment) => segment.length > 1 && !map.sources[segment[1] ?? 0]?.includes('node_modules/');
  let within = false;
  const lines = decode(map.mappings).map((line) => {
    const kept = line.filter(isOurs);
    // Where ours end stands a place of no source, or what follows would seem to belong to them.
    const ends = within && kept.length === 0 && line.length > 0;
    within = line.length === 0 ? within : kept.length > 0;
    return ends ? [/** @type {[number]} */ ([0])] : kept;
  });
  return Buffer.from(JSON.stringify({ ...map, mappings: encode(lines) }));
}
