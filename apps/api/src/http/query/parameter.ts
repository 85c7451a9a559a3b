/** The part of OpenAPI's schemas that parameters of a query need. */
export interface ParameterSchema {
  readonly type: 'string' | 'integer' | 'boolean';
  readonly format?: string;
  readonly enum?: string[];
  readonly 'x-enum-varnames'?: string[];
  readonly default?: string | number | boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
}

/** One parameter of a query: what the document says of it, and how it is read, in one place. */
export interface Parameter<T> {
  readonly description: string;
  readonly schema: ParameterSchema;
  readonly example?: string | number | boolean;
  readonly required: boolean;
  /** @throws WrongValue */
  readonly read: (text: string | undefined) => T;
}

/** Why a value is refused, completing a sentence that begins with the name of the parameter. */
export class WrongValue extends Error {}

interface About {
  readonly description: string;
  readonly example?: string | number | boolean;
}

/** Longer than anything that one would ask for. */
const longestText = 1_000;
/** Three hundred ids; no server takes much more of an address. */
const longestList = 8_000;

/** Forms send what was left empty; it means the same as leaving it out. */
const isGiven = (text: string | undefined): text is string => text !== undefined && text !== '';

const refuse = (message: string): never => {
  throw new WrongValue(message);
};

/** The words for yes and no that Go reads, since the clients of Tyk are written for it. */
const words = new Map([
  ...['1', 't', 'true'].map((word) => [word, true] as const),
  ...['0', 'f', 'false'].map((word) => [word, false] as const),
]);

const truthOf = (text: string): boolean => words.get(text.toLowerCase()) ?? refuse('must be true or false');

const optional = <T>(schema: ParameterSchema, about: About, read: (text: string) => T): Parameter<T | undefined> => ({
  ...about,
  schema,
  required: false,
  read: (text) => (isGiven(text) ? read(text) : undefined),
});

/** `true` or `false`, `1` or `0`; without it, no. */
export const flag = (about: About): Parameter<boolean> => ({
  ...about,
  schema: { type: 'boolean', default: false },
  required: false,
  read: (text) => isGiven(text) && truthOf(text),
});

/**
 * A flag that decides whether something is destroyed or not: a value that is left empty by a mistake, such as that of a
 * shell's variable which is not set, is refused instead of taken for one of both.
 */
export const decisiveFlag = (about: About): Parameter<boolean> => ({
  ...flag(about),
  read: (text) => text !== undefined && truthOf(text),
});

/** The same where leaving it out means what the installation says. */
export const decisiveChoice = (about: About): Parameter<boolean | undefined> => ({
  ...choice(about),
  read: (text) => (text === undefined ? undefined : truthOf(text)),
});

/** `true` or `false`, which both mean something else than leaving it out. */
export const choice = (about: About): Parameter<boolean | undefined> => optional({ type: 'boolean' }, about, truthOf);

/** A parameter that Tyk's clients send with any value, all of them meaning yes. */
export const presence = ({ description }: About): Parameter<boolean> => ({
  description: `${description}; any value means yes`,
  schema: { type: 'string' },
  example: '1',
  required: false,
  read: (given) => given !== undefined,
});

interface TextOptions extends About {
  readonly maxLength?: number;
  readonly pattern?: RegExp;
  /** What a text has to look like, completing "must be …". */
  readonly looks?: string;
}

const textRead =
  ({ maxLength = longestText, pattern, looks = 'as the pattern says' }: TextOptions) =>
  (text: string): string => {
    if (text.length > maxLength) refuse(`must have at most ${maxLength} characters`);
    return pattern === undefined || pattern.test(text) ? text : refuse(`must be ${looks}`);
  };

const textSchema = ({ maxLength = longestText, pattern }: TextOptions): ParameterSchema => ({
  type: 'string',
  maxLength,
  // The document's patterns know no flags: one that ignores case is left to the description.
  ...(pattern === undefined || pattern.flags !== '' ? {} : { pattern: pattern.source }),
});

const aboutOf = ({ description, example }: About): About => ({
  description,
  ...(example === undefined ? {} : { example }),
});

export const text = (options: TextOptions): Parameter<string | undefined> =>
  optional(textSchema(options), aboutOf(options), textRead(options));

/** A text that is looked for inside others; longer ones than any name or path are refused, whatever is searched. */
export const search = (about: About): Parameter<string | undefined> => text({ ...about, maxLength: 256 });

/** Texts, comma-separated. */
export const texts = (options: About & { readonly maxLength?: number }): Parameter<readonly string[]> => ({
  ...aboutOf(options),
  schema: textSchema({ maxLength: longestList, ...options }),
  required: false,
  read: (given = '') => entriesOf(textRead({ maxLength: longestList, ...options })(given)),
});

const entriesOf = (given: string): string[] => [
  ...new Set(
    given
      .split(',')
      .map((entry) => entry.trim())
      .filter((entry) => entry !== ''),
  ),
];

/** Why a value that narrows a call may not be empty. */
export const emptyNarrowing = 'must not be empty; leave it out to mean everything';

/** A parameter that narrows a call which destroys something: an empty value would widen it, and is refused. */
export const neverEmpty = <T>(parameter: Parameter<T>): Parameter<T> => ({
  ...parameter,
  schema: parameter.schema.type === 'string' ? { ...parameter.schema, minLength: 1 } : parameter.schema,
  read: (given) => (given !== undefined && given.trim() === '' ? refuse(emptyNarrowing) : parameter.read(given)),
});

/** A text that narrows a call: an empty value would widen it to everything. */
export const narrowing = (options: TextOptions): Parameter<string | undefined> => neverEmpty(text(options));

/** The id of an organisation: 24 hex digits. One that is left empty by a mistake would show those of all. */
export const organisationId = (about: About): Parameter<string | undefined> =>
  narrowing({ ...about, pattern: /^[0-9a-fA-F]{24}$/, looks: 'the id of an organisation' });

/** The same for texts, comma-separated; a list that names nothing is refused too. */
export const narrowingTexts = (options: TextOptions): Parameter<readonly string[]> => {
  const one = narrowing({ maxLength: longestList, ...options });
  return {
    ...one,
    read: (given) => {
      const found = one.read(given);
      if (found === undefined) return [];
      const entries = found.split(',').map((entry) => entry.trim());
      return entries.includes('') ? refuse('must not have empty entries') : [...new Set(entries)];
    },
  };
};

export const required = <T>(parameter: Parameter<T | undefined>): Parameter<T> => ({
  ...parameter,
  required: true,
  read: (given) => parameter.read(given) ?? refuse('is required'),
});

/** Generated clients make names of values, and would make the same of `name` and `-name`. */
const variableNames = (values: readonly string[]): Pick<ParameterSchema, 'x-enum-varnames'> =>
  values.some((value) => value.startsWith('-')) ? { 'x-enum-varnames': values.map(variableName) } : {};

const variableName = (value: string): string =>
  ({ '1': 'ascending', '-1': 'descending' })[value] ?? value.replace(/^-(.+)$/, '$1_descending');

export const oneOf = <const T extends string>(values: readonly T[], about: About): Parameter<T | undefined> =>
  optional(
    { type: 'string', enum: [...values], ...variableNames(values) },
    about,
    (given) => values.find((value) => value === given) ?? refuse(`must be one of ${values.join(', ')}`),
  );

interface IntegerOptions extends About {
  readonly minimum?: number;
  readonly maximum?: number;
}

const int32 = 2 ** 31 - 1;

const integerRead =
  ({ minimum = -int32, maximum = int32 }: IntegerOptions) =>
  (given: string): number => {
    const value = /^[+-]?\d{1,10}$/.test(given) ? Number(given) : Number.NaN;
    return value >= minimum && value <= maximum
      ? value
      : refuse(`must be a whole number from ${minimum} to ${maximum}`);
  };

export const integer = (options: IntegerOptions): Parameter<number | undefined> =>
  optional(
    {
      type: 'integer',
      format: 'int32',
      ...(options.minimum === undefined ? {} : { minimum: options.minimum }),
      ...(options.maximum === undefined ? {} : { maximum: options.maximum }),
    },
    aboutOf(options),
    integerRead(options),
  );

/** What clients are known to send where it makes no difference. */
export const tolerated = (sentBy: string): Parameter<undefined> => ({
  description: `Sent by ${sentBy}; makes no difference`,
  schema: { type: 'string' },
  required: false,
  read: () => undefined,
});
