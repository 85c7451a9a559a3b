import { configurationTable, loadApiConfig, loadHostManagerConfig, type Environment } from '@castellan/config';

/** One of the two processes, as everything below `deploy/` has to treat it. */
export interface App {
  readonly name: 'api' | 'host-manager';
  readonly dockerfile: string;
  /** Where it has to listen, and on which port. */
  readonly hostVariable: string;
  readonly portVariable: string;
  readonly load: (environment: Environment) => unknown;
}

export const apps: readonly App[] = [
  {
    name: 'api',
    dockerfile: 'deploy/docker/api.Dockerfile',
    hostVariable: 'CASTELLAN_API_HOST',
    portVariable: 'CASTELLAN_API_PORT',
    load: loadApiConfig,
  },
  {
    name: 'host-manager',
    dockerfile: 'deploy/docker/host-manager.Dockerfile',
    hostVariable: 'CASTELLAN_HOST_MANAGER_HOST',
    portVariable: 'CASTELLAN_HOST_MANAGER_PORT',
    load: loadHostManagerConfig,
  },
];

/** Every setting that the configuration table names, and which process reads it. */
export const settings: ReadonlyMap<string, string> = new Map(
  [...configurationTable().matchAll(/^\| `(CASTELLAN_\w+)` \| [^|]* \| ([^|]*) \|/gm)].map(
    ([, name = '', readBy = '']) => [name, readBy],
  ),
);

/** Whether that process reads the setting. */
export const reads = ({ name }: App, variable: string): boolean =>
  ['both', name].includes(settings.get(variable) ?? '');

/** A value that the named setting accepts, in place of one that only an installation knows. */
export const exampleOf = (variable: string): string => {
  if (variable === 'CASTELLAN_MONGODB_URI') return 'mongodb://mongodb.example/castellan';
  if (variable === 'CASTELLAN_REDIS_URL') return 'redis://redis.example';
  return 'x'.repeat(32);
};

/** Names of variables that hold secrets. */
export const isSecretName = (name: string): boolean => /secret|password|token/i.test(name);

/** Whether a text carries a password inside a URL. */
export const hasCredentials = (text: string): boolean => /\w+:\/\/[^/\s@]*:[^/\s@]+@/.test(text);
