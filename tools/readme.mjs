/**
 * Writes the configuration table of the README from the schema that both applications read their environment by.
 *
 *   node tools/readme.mjs            writes it
 *   node tools/readme.mjs --check    exit code 1 when the README says something else
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { root } from './lib/paths.mjs';

const require = createRequire(import.meta.url);
/** @type {{ configurationTable(): string }} */
const { configurationTable } = require(join(root, 'dist/libs/config/src/index.js'));
const prettier = await import('prettier');

const file = join(root, 'README.md');
const current = readFileSync(file, 'utf8');
const section = /(<!-- generated: configuration -->\n)[\s\S]*(<!-- \/generated -->)/;
const text = current.replace(section, (_, start, end) => `${start}\n${configurationTable()}\n\n${end}`);
const formatted = await prettier.format(text, { ...(await prettier.resolveConfig(file)), filepath: file });

if (!process.argv.includes('--check')) {
  writeFileSync(file, formatted);
} else if (formatted !== current) {
  console.error('The configuration table of README.md is not that of libs/config; write it with: npm run readme');
  process.exitCode = 1;
}
