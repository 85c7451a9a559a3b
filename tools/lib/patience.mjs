import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './paths.mjs';

/**
 * How long things may take before they count as hung, in milliseconds; each is far longer than what it contains, so
 * that on a slow machine the innermost speaks first: `waitMs` a wait inside a test (`eventually`), `testMs` a test,
 * `silenceMs` a run of Jest without a word (it says one after each file), `checkMs` a check like lint.
 * @type {Readonly<{ waitMs: number, testMs: number, silenceMs: number, checkMs: number }>}
 */
export const patience = JSON.parse(readFileSync(join(root, 'libs', 'testing', 'src', 'patience.json'), 'utf8'));
