import { allows, isAdmin, isSection, sections, type Grants, type Level, type Section } from './catalogue';

/** The rights that documents write beside those of sections: whose bearer administers, and who may set passwords. */
const flags = { IsAdmin: 'Administers the organisation', ResetPassword: 'May set passwords of other users' } as const;

/** What a flag may say. Tyk's documents write both `admin` and `true`. */
const flagValues = ['admin', 'true'] as const;
/** What a section may say. The empty text and `deny` give nothing and are not kept. */
const sectionValues = ['read', 'write'] as const;
const nothing = new Set(['', 'deny']);

/** Older documents write `policy` for `policies`. */
const spellings: Readonly<Record<string, Section>> = { policy: 'policies' };

/** Something that cannot be granted, where it stands, and what is wrong with it. */
export interface GrantProblem {
  readonly name: string;
  readonly message: string;
}

/** Additional sections of an organisation, name to description (`additional_permissions`). */
export type AdditionalSections = Readonly<Record<string, string>>;

/** Names that mean something already, so that no organisation may give them to a section of its own. */
export const reservedNames = (): readonly string[] => [
  ...Object.keys(sections),
  ...Object.keys(spellings),
  ...Object.keys(flags),
];

const knownNames = (additional: AdditionalSections): readonly string[] => [
  ...reservedNames(),
  ...Object.keys(additional),
];

/**
 * Reads what somebody wants to grant. Names and values that mean nothing are reported with the nearest name instead of
 * being kept without a word: who mistypes a right believes to have given it.
 *
 * @param additional sections that the organisation has added itself
 */
export const readGrants = (
  wanted: Readonly<Record<string, unknown>>,
  additional: AdditionalSections = {},
): { grants: Grants; problems: readonly GrantProblem[] } => {
  const problems: GrantProblem[] = [];
  const grants: [string, string][] = [];
  const names = knownNames(additional);
  for (const [name, value] of Object.entries(wanted)) {
    if (!names.includes(name)) {
      problems.push({ name, message: `is no permission; did you mean ${nearest(name, names)}?` });
      continue;
    }
    const values: readonly string[] = Object.hasOwn(flags, name) ? flagValues : sectionValues;
    if (typeof value !== 'string' || !(values.includes(value) || nothing.has(value))) {
      problems.push({ name, message: `must be one of ${values.join(', ')} or deny` });
      continue;
    }
    if (!nothing.has(value)) grants.push([name, value]);
  }
  // Not Object.fromEntries of a name from outside: every name was found in the list of known ones before.
  return { grants: Object.fromEntries(grants), problems };
};

/** The known name that takes the fewest edits to reach. */
export const nearest = (name: string, names: readonly string[]): string => {
  const lower = name.slice(0, 64).toLowerCase();
  const [best = ''] = [...names].sort(
    (one, other) => distance(lower, one.toLowerCase()) - distance(lower, other.toLowerCase()),
  );
  return best;
};

/** Levenshtein distance. */
const distance = (one: string, other: string): number => {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [i, letter] of Array.from(one).entries()) {
    const next = [i + 1];
    for (const [j, wanted] of Array.from(other).entries()) {
      const replaced = (row[j] ?? 0) + (letter === wanted ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
};

const flagged = (grants: Grants, flag: string): boolean =>
  isAdmin(grants) || (Object.hasOwn(grants, flag) && flagValues.some((value) => grants[flag] === value));

/** Whether the bearer may set the passwords of other users. */
export const mayResetPasswords = (grants: Grants): boolean => flagged(grants, 'ResetPassword');

/** Every right that the grants give, as `section:level`, flags as `IsAdmin` and `ResetPassword`. Sorted. */
export const rightsOf = (grants: Grants, additional: AdditionalSections = {}): readonly string[] => {
  const rights = Object.keys(flags).filter((flag) => flagged(grants, flag));
  for (const section of [...Object.keys(sections), ...Object.keys(additional)]) {
    for (const level of ['read', 'write'] satisfies Level[]) {
      if (allowsAny(grants, section, level)) rights.push(`${section}:${level}`);
    }
  }
  return rights.sort();
};

const allowsAny = (grants: Grants, section: string, level: Level): boolean => {
  if (isSection(section)) return allows(grants, section, level);
  if (isAdmin(grants)) return true;
  const granted = Object.hasOwn(grants, section) ? grants[section] : undefined;
  return granted === 'write' || (level === 'read' && granted === 'read');
};

/**
 * The rights that `wanted` gives and `own` does not: what its bearer must not grant, and whose bearer's credentials they
 * must not touch. Empty when `own` covers all of it.
 */
export const rightsBeyond = (own: Grants, wanted: Grants, additional: AdditionalSections = {}): readonly string[] => {
  const held = new Set(rightsOf(own, additional));
  return rightsOf(wanted, additional).filter((right) => !held.has(right));
};

/** What several sets of grants give together: the higher level of each section. */
export const union = (all: readonly Grants[]): Grants => {
  const together = new Map<string, string>();
  for (const grants of all) {
    for (const [name, value] of Object.entries(grants)) {
      const key = spellings[name] ?? name;
      if (nothing.has(value)) continue;
      if (together.get(key) !== 'write') together.set(key, value);
    }
  }
  return Object.fromEntries(together);
};

/** The catalogue as people read it: each section and flag, what it is for and which values it takes. */
export const describeRights = (
  additional: AdditionalSections = {},
): readonly { readonly name: string; readonly description: string; readonly values: readonly string[] }[] => [
  ...Object.entries(flags).map(([name, description]) => ({ name, description, values: flagValues })),
  ...Object.entries({ ...additional, ...sections }).map(([name, description]) => ({
    name,
    description,
    values: sectionValues,
  })),
];
