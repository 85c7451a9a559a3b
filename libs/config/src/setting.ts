import { z } from 'zod';

/** How one setting is read from the environment, and how the README describes it. */
export interface Setting<T extends z.ZodType> {
  /** Environment variable without the `CASTELLAN_` prefix. */
  readonly name: string;
  readonly type: T;
  /** One line for the configuration table. */
  readonly about: string;
  /** What the table shows as default; empty for required settings. */
  readonly shownDefault: string;
  /** It is, or has in it, a secret, which may as well come from a file: the one that the variable with `_FILE` names. */
  readonly isSecret?: true;
}

export const setting = <T extends z.ZodType>(
  name: string,
  type: T,
  about: string,
  shownDefault: string,
): Setting<T> => ({
  name,
  type,
  about,
  shownDefault,
});

/** A setting that nobody but the process should read. */
export const secretSetting = <T extends z.ZodType>(...about: Parameters<typeof setting<T>>): Setting<T> => ({
  ...setting(...about),
  isSecret: true,
});

export const port = z.coerce
  .number('must be a port number, 0 to 65535')
  .int('must be a whole number')
  .min(0, 'must be a port number, 0 to 65535')
  .max(65_535, 'must be a port number, 0 to 65535');
export const wholeNumber = (least: number, most: number) =>
  z.coerce
    .number('must be a number')
    .int('must be a whole number')
    .min(least, `must be at least ${least}`)
    .max(most, `must be at most ${most}`);
export const secret = z.string('is required').min(16, 'must be at least 16 characters long');

export const beginsWith = (protocols: readonly string[]) =>
  z
    .string('is required')
    .refine(
      (value) => protocols.some((protocol) => value.startsWith(protocol) && value.length > protocol.length),
      `must be a URL that starts with ${protocols.join(' or ')}`,
    );

export const isHttpUrl = (value: string): boolean => {
  try {
    return ['http:', 'https:'].includes(new URL(value).protocol);
  } catch {
    return false;
  }
};

export const httpUrl = z
  .string()
  .refine(isHttpUrl, 'must be an http:// or https:// URL')
  .transform((value) => value.replace(/\/+$/, ''));

export const urlList = z.string().transform((value, context) => {
  const entries = value
    .split(',')
    .map((entry) => entry.trim().replace(/\/+$/, ''))
    .filter((entry) => entry !== '');
  for (const entry of entries) {
    if (!isHttpUrl(entry))
      context.addIssue({ code: 'custom', message: `"${entry}" is not an http:// or https:// URL` });
  }
  return entries;
});

/** One server, sentinels or a cluster; empty where it is the same as another one. */
export const anyRedis = z
  .literal('')
  .or(
    z
      .string()
      .regex(/^rediss?(\+(sentinel|cluster))?:\/\/./, 'must be a redis://, redis+sentinel:// or redis+cluster:// URL'),
  );
