import { Worker } from 'node:worker_threads';
import { Document, visit } from 'yaml';
import { DEFAULT_JSON_DEPTH, parseJson, type JsonValue } from '@castellan/tyk';

/** Texts with which the YAML library's plain and block styles cannot be trusted; in double quotes anything survives. */
const awkward = /^\s|[^\S\n]$|[^\S\n]\n|\n[^\S\n ]|[^\P{C}\n]/u;

/** The value as a YAML document. Reading it gives the same value again. */
export const writeYaml = (value: JsonValue): string => {
  // What occurs twice is written twice: anchors and aliases are no data.
  const document = new Document(value, { aliasDuplicateObjects: false });
  visit(document, {
    Scalar(_, node) {
      if (typeof node.value === 'string' && awkward.test(node.value)) node.type = 'QUOTE_DOUBLE';
    },
  });
  return document.toString({ lineWidth: 0 });
};

/** The text is no YAML, or no plain data. */
export class YamlError extends Error {}

/** Reading takes about a hundred times the memory of the text; beyond this a reader is given up, in MiB. */
const memoryLimit = 2_048;

/** Runs in a thread of its own; plain JavaScript, because a thread loads no TypeScript. */
const reader = `
const { parentPort, workerData } = require('node:worker_threads');
const { parse } = require(workerData.library);
const options = { schema: 'core', maxAliasCount: 100, prettyErrors: false, logLevel: 'error' };
const finite = (name, value) => {
  if (typeof value !== 'number' || Number.isFinite(value)) return value;
  throw new Error(JSON.stringify(name) + ' is a number that JSON does not have, which cannot be kept');
};
try {
  // As JSON, so that keys that are no texts and shared parts come out as plain data.
  parentPort.postMessage({ json: JSON.stringify(parse(workerData.text, options) ?? null, finite) });
} catch (error) {
  parentPort.postMessage({ problem: error instanceof Error ? error.message : String(error) });
}
`;

interface Outcome {
  readonly json?: string;
  readonly problem?: string;
}

/**
 * Reads a YAML document of plain data (the core schema; aliases are followed, within reason). A megabyte takes about half
 * a second, so it is read in a thread of its own while gateways go on being answered.
 *
 * @throws YamlError
 * @throws JsonTextError when it nests too deeply
 */
export const readYaml = async (text: string): Promise<JsonValue> => {
  const { json, problem } = await new Promise<Outcome>((resolve) => {
    const worker = new Worker(reader, {
      eval: true,
      workerData: { library: require.resolve('yaml'), text },
      resourceLimits: { maxOldGenerationSizeMb: memoryLimit },
    });
    worker.once('message', (outcome: Outcome) => {
      resolve(outcome);
    });
    worker.once('error', () => {
      resolve({ problem: 'too large or too nested to be read as YAML; send it as JSON' });
    });
  });
  if (json === undefined) throw new YamlError(problem);
  return parseJson(json, DEFAULT_JSON_DEPTH + 2);
};
