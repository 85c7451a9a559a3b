import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { readNamedSecrets, type NamedSecret } from './named-secrets';
import { apiSettings, hostManagerSettings, type ApiConfig, type HostManagerConfig } from './schema';
import type { Setting } from './setting';

export const prefix = 'CASTELLAN_';

export type Environment = Readonly<Record<string, string | undefined>>;

type SettingMap = Readonly<Record<string, Setting<z.ZodType>>>;
type Shape<S extends SettingMap> = { [K in keyof S]: S[K]['type'] };

/** Says everything that is wrong with the environment at once. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`The configuration has ${problems.length} problem(s):\n${problems.map((line) => `  - ${line}`).join('\n')}`);
    this.name = 'ConfigError';
  }
}

const shapeOf = <S extends SettingMap>(settings: S): Shape<S> =>
  // Object.fromEntries forgets which key has which type.
  Object.fromEntries(Object.entries(settings).map(([key, { type }]) => [key, type])) as Shape<S>;

const apiSchema = z.object(shapeOf(apiSettings));

const hostManagerSchema = z
  .object(shapeOf(hostManagerSettings))
  .refine(({ hostManagerNodes, gatewaySecret }) => hostManagerNodes.length === 0 || gatewaySecret !== '', {
    path: ['gatewaySecret'],
    message: 'is required when CASTELLAN_HOST_MANAGER_NODES is set',
  });

/**
 * Kubernetes puts links to its services into every pod: `CASTELLAN_API_PORT=tcp://10.0.0.1:3000` for a service named
 * castellan-api. That is the address of a service, and no setting.
 */
const isServiceLink = (value: string): boolean => /^(tcp|udp|sctp):\/\//.test(value);

const given = (environment: Environment, name: string): string | undefined => {
  const value = environment[`${prefix}${name}`];
  return value === undefined || value === '' || isServiceLink(value) ? undefined : value;
};

/** The content of a file without the line break that editors and tools put at its end. */
const contentOf = (file: string): string => readFileSync(file, 'utf8').replace(/\r?\n$/, '');

/**
 * The value of a setting: of its variable or, where that is a secret, of the file that the variable with `_FILE` names.
 *
 * @throws ConfigError when the file cannot be read, or both say something
 */
export const valueOf = (environment: Environment, name: string, isSecret = true): string | undefined => {
  const value = given(environment, name);
  const file = isSecret ? given(environment, `${name}_FILE`) : undefined;
  if (file === undefined) return value;
  if (value !== undefined) throw new ConfigError([`${prefix}${name} and ${prefix}${name}_FILE are both set; set one`]);
  try {
    return contentOf(file);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new ConfigError([`${prefix}${name}_FILE names a file that cannot be read (${code})`]);
  }
};

const load = <T>(schema: z.ZodType<T>, settings: SettingMap, environment: Environment): Readonly<T> => {
  const problems: string[] = [];
  const raw: Record<string, string> = {};
  for (const [key, { name, isSecret }] of Object.entries(settings)) {
    try {
      const value = valueOf(environment, name, isSecret === true);
      if (value !== undefined && value !== '') raw[key] = value;
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems);
    }
  }
  const parsed = schema.safeParse(raw);
  if (parsed.success && problems.length === 0) return Object.freeze(parsed.data);
  const unread = new Set(problems.map((problem) => problem.replace(/(_FILE)? .*$/s, '')));
  const wrong = (parsed.error?.issues ?? []).flatMap(({ path, message }) => {
    const setting = settings[String(path[0])];
    if (setting === undefined) return [message];
    const variable = `${prefix}${setting.name}`;
    // That it is required, too, is nothing to say of one whose file cannot be read.
    return unread.has(variable) ? [] : [`${variable} ${message}`];
  });
  throw new ConfigError([...problems, ...wrong]);
};

/** The secrets of the operator that a file holds now. @throws ConfigError, or the error of the file system */
export const namedSecretsIn = (file: string): readonly NamedSecret[] => {
  const { secrets, problems } = readNamedSecrets(contentOf(file));
  if (problems.length === 0) return secrets;
  throw new ConfigError(problems.map((problem) => `${prefix}ADMIN_SECRETS ${problem}`));
};

/**
 * Reads the API's configuration from an environment; an empty variable counts as unset.
 *
 * @throws ConfigError with every problem, each naming its variable and never repeating its value
 */
export const loadApiConfig = (environment: Environment): ApiConfig => load(apiSchema, apiSettings, environment);

/** The same for the host manager. */
export const loadHostManagerConfig = (environment: Environment): HostManagerConfig =>
  load(hostManagerSchema, hostManagerSettings, environment);

/** The environment of this process; the one place that reads it. */
export const processEnvironment = (): Environment => process.env;
