import { checkOas, importOpenApi, isJsonObject, parseJson, toNodeDocument, type ImportOptions } from '@castellan/tyk';

/** Work on a document that is given as JSON. */
export type CheckTask =
  | { readonly work: 'check' | 'lost'; readonly document: string }
  | { readonly work: 'import'; readonly document: string; readonly options: ImportOptions };

/** Runs in a thread of its own. @returns what came of it, as JSON */
const run = (task: CheckTask): string => {
  const document = parseJson(task.document);
  if (!isJsonObject(document)) throw new TypeError('Only objects are documents');
  if (task.work === 'import') return JSON.stringify(importOpenApi(document, task.options));
  return JSON.stringify(task.work === 'check' ? checkOas(document) : toNodeDocument(document).lost);
};

export default run;
