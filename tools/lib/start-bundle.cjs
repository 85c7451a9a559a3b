/**
 * Starts the bundle beside it (`bundle.mjs`), with what V8 made of the same bundle when it was built. Where V8 does not take
 * that, as another version of Node.js does not, it compiles anew.
 */
const { existsSync, readFileSync, renameSync, writeFileSync } = require('node:fs');
const Module = require('node:module');
const { join } = require('node:path');
const { setFlagsFromString } = require('node:v8');
const { Script } = require('node:vm');

// A start runs much code a few times. V8 waits until a function has run for some milliseconds, not tenths of one, before it
// makes it fast, which takes a sixth of the processor time of a start. Before what it has kept is read: that is for the same
// settings only. Node.js 20 and 22 know this one; a V8 without it says so and goes on.
setFlagsFromString('--interrupt-budget=1350000');

const file = join(__dirname, 'app.js');
// esbuild writes ASCII, and this reads it without decoding.
const code = readFileSync(file, 'latin1');
const cache = join(__dirname, `${code.slice(-65, -1)}.cache`);

/** @type {InstanceType<typeof Module.SourceMap> | undefined} */
let map;

/**
 * Where a place of the bundle stands in the sources.
 * @param {NodeJS.CallSite} frame
 */
const described = (frame) => {
  const text = String(frame);
  const [line, column] = [frame.getLineNumber(), frame.getColumnNumber()];
  if (frame.getFileName() !== file || line === null || column === null) return text;
  map ??= new Module.SourceMap(JSON.parse(readFileSync(`${file}.map`, 'utf8')));
  const entry = map.findEntry(line - 1, column - 1);
  if (!('originalSource' in entry) || entry.originalSource === undefined) return text;
  const place = `${join(__dirname, entry.originalSource)}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
  return text.replace(`${file}:${line}:${column}`, place);
};

// The map is read when somebody wants to see a stack, and not at each start as by --enable-source-maps.
Error.prepareStackTrace = (error, frames) =>
  [String(error), ...frames.map((frame) => `    at ${described(frame)}`)].join('\n');

const script = new Script(Module.wrap(code), {
  filename: file,
  ...(existsSync(cache) && { cachedData: readFileSync(cache) }),
});
if (process.argv.includes('--keep-cache')) {
  process.on('exit', () => {
    writeFileSync(`${cache}.part`, script.createCachedData());
    renameSync(`${cache}.part`, cache);
  });
}
const app = new Module(file);
script.runInThisContext().call(app.exports, app.exports, Module.createRequire(file), app, file, __dirname);
