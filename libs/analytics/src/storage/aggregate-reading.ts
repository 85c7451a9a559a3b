import type { Dimensions } from '../measure/row';
import { noMeasures, type Measures } from '../measure/measures';
import { counterMeasures, type FoundCounter } from './aggregate-counter';
import type { FoundAggregate } from './aggregate-document';

/** What a document of tyk-pump's aggregates says of one value of a dimension. */
export interface AggregateCell {
  readonly dimensions: Dimensions;
  readonly label: string;
  readonly measures: Measures;
}

type Table = 'total' | 'apiid' | 'apikeys' | 'errors' | 'versions' | 'oauthids' | 'geo' | 'tags' | 'endpoints';
/** The parts of a document, each of which knows some dimensions. */
export type AggregatePart = Table | 'apiendpoints' | 'keyendpoints' | 'oauthendpoints';

/** Parts with what they know, the smallest first. */
const parts: readonly (readonly [AggregatePart, readonly (keyof Dimensions)[]])[] = [
  ['total', []],
  ['apiid', ['api']],
  ['versions', ['api', 'version']],
  ['errors', ['code']],
  ['apikeys', ['key']],
  ['endpoints', ['path']],
  ['apiendpoints', ['api', 'version', 'path']],
  ['keyendpoints', ['key', 'api', 'path']],
  ['oauthids', ['oauth']],
  ['oauthendpoints', ['oauth', 'api', 'path']],
  ['tags', ['tag']],
  ['geo', ['country']],
];

/** The part that knows all of these dimensions; null when none does. */
export const partThatKnows = (asked: ReadonlySet<keyof Dimensions>): AggregatePart | null =>
  parts.find(([, known]) => [...asked].every((name) => known.includes(name)))?.[0] ?? null;

const decoded = (text: string): string => Buffer.from(text, 'base64url').toString();

/** What stands before and after the first colon; ids of APIs have none. */
const halves = (text: string): readonly [string, string] => {
  const colon = text.indexOf(':');
  return colon < 0 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)];
};

const apiAndPath = (name: string): Dimensions => {
  const [api, path] = halves(decoded(name));
  return { api, path };
};

/** A version may have colons; paths begin with a slash. */
const apiVersionAndPath = (name: string): Dimensions => {
  const [api, rest] = halves(Buffer.from(name, 'hex').toString());
  const end = rest.indexOf(':/');
  const [version, path] = end < 0 ? halves(rest) : [rest.slice(0, end), rest.slice(end + 1)];
  return { api, version, path };
};

const dimensionsOf = (part: AggregatePart, name: string): Dimensions => {
  if (part === 'apiid') return { api: name };
  if (part === 'apikeys' || part === 'keyendpoints') return { key: name };
  if (part === 'errors') return { code: Number(name) };
  if (part === 'oauthids' || part === 'oauthendpoints') return { oauth: name };
  if (part === 'geo') return { country: name };
  if (part === 'tags') return { tag: name };
  if (part === 'endpoints') return { path: name };
  if (part === 'apiendpoints') return apiVersionAndPath(name);
  const [api, version] = halves(decoded(name));
  return { api, version };
};

/** Parts whose names for people are those that rows of sums have. */
const labelled: ReadonlySet<AggregatePart> = new Set(['apiid', 'apikeys']);

/** What a part of a document says. */
export const aggregateCells = (document: FoundAggregate, part: AggregatePart): readonly AggregateCell[] => {
  const cell = (dimensions: Dimensions, counter: FoundCounter): AggregateCell => ({
    dimensions,
    label: labelled.has(part) ? (counter.humanidentifier ?? '') : '',
    measures: counterMeasures(counter),
  });
  if (part === 'total') return document.total === undefined ? [] : [cell({}, document.total)];
  if (part === 'keyendpoints' || part === 'oauthendpoints') {
    return Object.entries(document[part] ?? {}).flatMap(([name, endpoints]) =>
      Object.entries(endpoints).map(([endpoint, counter]) =>
        cell({ ...dimensionsOf(part, name), ...apiAndPath(endpoint) }, counter),
      ),
    );
  }
  return Object.entries(document[part] ?? {}).map(([name, counter]) => cell(dimensionsOf(part, name), counter));
};

/** The errors of a cell alone: their number and codes are known, and nothing of their latencies. */
export const errorsAlone = ({ errors, last, codes }: Measures): Measures => ({
  ...noMeasures(),
  hits: errors,
  errors,
  last: errors === 0 ? null : last,
  codes: new Map(codes),
});
