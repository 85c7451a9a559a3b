/**
 * npm run openapi               writes openapi.json from the built api
 * node tools/openapi.mjs --check   exits 1 when the committed file differs
 *
 * Keys are sorted, so that a change of the file is a change of the interface.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { ensureBuilt } from './lib/build.mjs';
import { ensureDependencies } from './lib/dependencies.mjs';
import { firstDifference, withSortedKeys } from './lib/json.mjs';
import { root } from './lib/paths.mjs';
import { describeFailure, Problem } from './lib/problem.mjs';
import { createProgress } from './lib/progress.mjs';

const file = join(root, 'openapi.json');
const progress = createProgress();

/** @returns {Promise<string>} */
async function documentText() {
  await ensureDependencies(process.env, progress);
  await ensureBuilt(progress);
  const api = createRequire(import.meta.url)(join(root, 'dist', 'apps', 'api', 'src', 'openapi.js'));
  return `${JSON.stringify(withSortedKeys(await api.buildOpenApiDocument()), null, 2)}\n`;
}

/** @param {string} text */
function check(text) {
  const difference = firstDifference(committedText(), text);
  if (difference === undefined) return;
  const { line, before, after } = difference;
  throw new Problem('openapi.json is not what the api says; run "npm run openapi" and commit the file.', {
    details: `first difference, line ${line}:\n- ${before}\n+ ${after}`,
  });
}

function committedText() {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

let code = 0;
try {
  const text = await documentText();
  if (process.argv.includes('--check')) check(text);
  else writeFileSync(file, text);
} catch (error) {
  console.error(describeFailure(error));
  code = 1;
}
// The application may hold timers and sockets open.
process.exit(code);
