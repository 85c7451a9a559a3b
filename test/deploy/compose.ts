import { dirname, join, normalize } from 'node:path';
import { z } from 'zod';
import { documentOf } from './repository';

const serviceSchema = z.object({
  image: z.string(),
  build: z.strictObject({ context: z.string(), dockerfile: z.string(), target: z.string() }).optional(),
  command: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.string()).default({}),
  ports: z.array(z.string()).default([]),
  networks: z.array(z.string()),
  volumes: z.array(z.string()).default([]),
  depends_on: z.record(z.string(), z.strictObject({ condition: z.string() })).default({}),
  healthcheck: z.looseObject({ test: z.array(z.string()) }).optional(),
  read_only: z.boolean().default(false),
  cap_drop: z.array(z.string()).default([]),
  user: z.string().optional(),
  privileged: z.boolean().default(false),
});

export type Service = z.infer<typeof serviceSchema>;

const composePath = 'deploy/compose.yaml';

export const compose = documentOf(
  composePath,
  z.object({
    services: z.record(z.string(), serviceSchema),
    networks: z.record(z.string(), z.object({ internal: z.boolean().default(false) })),
    volumes: z.record(z.string(), z.object({})),
  }),
);

export const serviceOf = (name: string): Service => {
  const service = compose.services[name];
  if (service === undefined) throw new Error(`${composePath} has no service ${name}`);
  return service;
};

/** The Dockerfile that a service is built from, as a path in the repository. */
export const dockerfileOf = ({ build }: Service): string =>
  build === undefined ? '' : normalize(join(dirname(composePath), build.context, build.dockerfile));

/** A variable of the user's environment, as a value refers to it: `${NAME}`, `${NAME:-default}`, `${NAME:?complaint}`. */
export interface Reference {
  readonly name: string;
  readonly operator: string;
  readonly text: string;
}

export const referencesIn = (value: string): Reference[] =>
  [...value.matchAll(/\$\{(\w+)(?:(:[-?])([^}]*))?\}/g)].map(([, name = '', operator = '', text = '']) => ({
    name,
    operator,
    text,
  }));

/** The value as Compose would make it, with an example for what the user has to give. */
export const interpolate = (value: string, exampleFor: (name: string) => string): string =>
  value.replace(/\$\{(\w+)(?:(:[-?])([^}]*))?\}/g, (_, name: string, operator?: string, text?: string) =>
    operator === ':-' ? (text ?? '') : exampleFor(name),
  );
