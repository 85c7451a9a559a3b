import { randomBytes } from 'node:crypto';

const variable = (name: string): string => {
  const value = process.env[name];
  if (value === undefined || value === '') {
    throw new Error(`${name} is not set; run this file with: npm run test:e2e -- <file>`);
  }
  return value;
};

/** The address of a database that no other test uses, on the MongoDB of this run, with options of the driver. */
export const freshDatabaseUri = (options: Readonly<Record<string, string>> = {}): string => {
  const uri = new URL(variable('CASTELLAN_TEST_MONGODB_URI'));
  uri.pathname = `/castellan_${randomBytes(6).toString('hex')}`;
  for (const [name, value] of Object.entries(options)) uri.searchParams.set(name, value);
  return uri.href;
};

/** Each jest worker has a Redis of its own, because Redis channels know no databases. */
export const workerRedisUrl = (): string => {
  const urls = variable('CASTELLAN_TEST_REDIS_URLS').split(',');
  const worker = Number(process.env['JEST_WORKER_ID'] ?? '1');
  return urls[(worker - 1) % urls.length] ?? '';
};
