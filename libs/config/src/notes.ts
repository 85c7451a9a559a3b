import { prefix, valueOf, type Environment } from './load';
import { withoutDatabase } from './mongodb-uri';
import { apiOnlySettings, commonSettings, hostManagerOnlySettings, launcherSettings } from './schema';

const groups: readonly Readonly<Record<string, { readonly name: string; readonly isSecret?: true }>>[] = [
  commonSettings,
  apiOnlySettings,
  hostManagerOnlySettings,
  launcherSettings,
];
const known = [
  ...new Set(
    groups.flatMap((settings) =>
      Object.values(settings).flatMap(({ name, isSecret }) => (isSecret === true ? [name, `${name}_FILE`] : [name])),
    ),
  ),
];

/** What tests read, and what Kubernetes writes into every pod for a service whose name starts like ours. */
const ofOthers = /^TEST_|_SERVICE_(HOST|PORT)(_\w+)?$|_PORT_\d+_(TCP|UDP|SCTP)(_\w+)?$/;

/** How many letters have to be changed, put in or left out to make one word the other (Levenshtein). */
const distance = (from: string, to: string): number => {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [line, letter] of Array.from(from).entries()) {
    const next = [line + 1];
    for (const [column, other] of Array.from(to).entries()) {
      const replaced = (row[column] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
};

const nearest = (name: string): string =>
  known.reduce((best, candidate) => (distance(name, candidate) < distance(name, best) ? candidate : best));

/** Every variable that this project reads, with its prefix. */
export const settingNames: readonly string[] = known.map((name) => `${prefix}${name}`);

/** Empty when it cannot be read, of which whoever loads the configuration tells. */
const addressIn = (environment: Environment): string => {
  try {
    return valueOf(environment, 'MONGODB_URI') ?? '';
  } catch {
    return '';
  }
};

/**
 * What is no mistake for sure and still worth a word at the start: variables that nobody reads, and defaults that were
 * taken because of what a value leaves out. No value is repeated.
 */
export const configurationNotes = (environment: Environment): readonly string[] => {
  const unknown = Object.keys(environment)
    .filter((name) => name.startsWith(prefix))
    .map((name) => name.slice(prefix.length))
    .filter((name) => !known.includes(name) && !ofOthers.test(name))
    .sort()
    .map((name) => `${prefix}${name} is not a setting and is ignored; did you mean ${prefix}${nearest(name)}?`);
  const uri = addressIn(environment);
  if (!withoutDatabase(uri)) return unknown;
  return [...unknown, `${prefix}MONGODB_URI names no database; the database is "castellan"`];
};
