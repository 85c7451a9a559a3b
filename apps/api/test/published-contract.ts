import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Contract } from '@castellan/testing';

const document = join(__dirname, '..', '..', '..', 'openapi.json');

/** Pages and files that are served and are no operations. */
const besides = /^\/(docs|openapi\.json)/;

interface Kept {
  readonly writtenAt: number;
  readonly contract: Contract;
}

/** A test file with modules of its own evaluates this one again; what has been compiled is kept as long as the worker lives. */
const worker: typeof globalThis & { castellanContract?: Kept } = globalThis;

/**
 * What `openapi.json` promises. Every reply that a test gets of an app under test is held to it; `npm run openapi` writes
 * it again after a change of routes or DTOs.
 */
export const publishedContract = (): Contract => {
  const writtenAt = statSync(document).mtimeMs;
  if (worker.castellanContract?.writtenAt !== writtenAt) {
    worker.castellanContract = { writtenAt, contract: Contract.from(readFileSync(document, 'utf8'), besides) };
  }
  return worker.castellanContract.contract;
};
