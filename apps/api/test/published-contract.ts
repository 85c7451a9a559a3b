import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Contract } from '@castellan/testing';

const document = join(__dirname, '..', '..', '..', 'openapi.json');

/** Pages and files that are served and are no operations. */
const besides = /^\/(docs|openapi\.json)/;

interface Kept {
  readonly text: string;
  readonly contract: Contract;
}

/** Jest evaluates this file again for each test file; what has been compiled is kept as long as the worker lives. */
const worker: typeof globalThis & { castellanContract?: Kept } = globalThis;

/**
 * What `openapi.json` promises. Every reply that a test gets of an app under test is held to it; `npm run openapi` writes
 * it again after a change of routes or DTOs.
 */
export const publishedContract = (): Contract => {
  const text = readFileSync(document, 'utf8');
  if (worker.castellanContract?.text !== text) {
    worker.castellanContract = { text, contract: Contract.from(text, besides) };
  }
  return worker.castellanContract.contract;
};
