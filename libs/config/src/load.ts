import { z } from 'zod';
import { apiSettings, hostManagerSettings, type ApiConfig, type HostManagerConfig, type Setting } from './schema';

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

const load = <T>(schema: z.ZodType<T>, settings: SettingMap, environment: Environment): Readonly<T> => {
  const raw = Object.fromEntries(
    Object.entries(settings).flatMap(([key, { name }]) => {
      const value = environment[`${prefix}${name}`];
      return value === undefined || value === '' || isServiceLink(value) ? [] : [[key, value]];
    }),
  );
  const parsed = schema.safeParse(raw);
  if (parsed.success) return Object.freeze(parsed.data);
  throw new ConfigError(
    parsed.error.issues.map(({ path, message }) => {
      const setting = settings[String(path[0])];
      return setting === undefined ? message : `${prefix}${setting.name} ${message}`;
    }),
  );
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
