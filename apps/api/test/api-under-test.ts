import { randomBytes } from 'node:crypto';
import type { Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { getConnectionToken } from '@nestjs/mongoose';
import { Redis } from 'ioredis';
import type { Connection } from 'mongoose';
import { loadApiConfig, type ApiConfig } from '@castellan/config';
import { createLogger, type Logger } from '@castellan/observability';
import { startTransport } from '@castellan/delivery';
import { eventually, HttpClient, textOf, unique, type Contract, type Reply } from '@castellan/testing';
import { createApp } from '../src/app';
import { OperatorSecrets } from '../src/auth/operator-secrets';
import { withoutSecretsOf } from '../src/http/credentials-in-text';
import { noteCollections, takeDatabase } from './databases';
import { SecretWatch } from './secret-watch';
import { publishedContract } from './published-contract';

const testEnvironment = (name: string): string => {
  const value = process.env[name];
  if (value === undefined || value === '') {
    throw new Error(`${name} is not set; run this file with: npm run test:e2e -- <file>`);
  }
  return value;
};

/** Each jest worker has a Redis of its own, because Redis channels know no databases. */
const workerRedisUrl = (): string => {
  const urls = testEnvironment('CASTELLAN_TEST_REDIS_URLS').split(',');
  const worker = Number(process.env['JEST_WORKER_ID'] ?? '1');
  return urls[(worker - 1) % urls.length] ?? '';
};

const databaseUri = (database: string): string => {
  const uri = new URL(testEnvironment('CASTELLAN_TEST_MONGODB_URI'));
  uri.pathname = `/${database}`;
  return uri.href;
};

const logLevel = process.env['CASTELLAN_TEST_LOG_LEVEL'] ?? 'silent';

/** A user of a test, with the client that sends the access key. */
export interface TestUser {
  readonly id: string;
  readonly accessKey: string;
  readonly client: HttpClient;
}

/** An organisation of a test, with its administrator. */
export interface TestOrganisation {
  readonly id: string;
  readonly admin: TestUser;
}

/** One API inside the test process, on a database of its own and the worker's Redis. */
export class ApiUnderTest {
  readonly anonymous: HttpClient;
  readonly admin: HttpClient;
  readonly node: HttpClient;

  private constructor(
    readonly app: NestFastifyApplication,
    readonly config: ApiConfig,
    readonly url: string,
    private readonly watch: SecretWatch,
    private readonly lines: readonly string[],
    contract: Contract | undefined,
  ) {
    this.anonymous = new HttpClient(url, {}, contract === undefined ? [watch] : [watch, contract]);
    this.admin = this.anonymous.with({ 'admin-auth': config.adminSecret });
    this.node = this.anonymous.with({ authorization: config.nodeSecret });
  }

  /**
   * @param overrides settings by their environment name without the prefix; a database may be given to share one
   * @param kinds modules of kinds that only a test has
   */
  static async start(
    overrides: Readonly<Record<string, string>> = {},
    kinds: readonly Type[] = [],
  ): Promise<ApiUnderTest> {
    const { DATABASE: database, ...settings } = overrides;
    const ordinary = database === undefined && kinds.length === 0;
    const name = ordinary
      ? await takeDatabase(databaseUri)
      : (database ?? `castellan_${randomBytes(6).toString('hex')}`);
    const config = loadApiConfig({
      CASTELLAN_ADMIN_SECRET: randomBytes(16).toString('hex'),
      CASTELLAN_NODE_SECRET: randomBytes(16).toString('hex'),
      CASTELLAN_MONGODB_URI: databaseUri(name),
      CASTELLAN_REDIS_URL: workerRedisUrl(),
      CASTELLAN_LOG_LEVEL: logLevel,
      // Tests ask faster than anybody, and wait for nothing.
      CASTELLAN_RATE_LIMIT: '0',
      CASTELLAN_RATE_LIMIT_ADDRESS: '0',
      CASTELLAN_LOGIN_PACE_MS: '0',
      ...Object.fromEntries(Object.entries(settings).map(([name, value]) => [`CASTELLAN_${name}`, value])),
    });
    if (database === undefined) await emptyRedis(config.redisUrl);
    const watch = new SecretWatch();
    watch.knowAdminSecret(config.adminSecret);
    for (const { name, secret } of config.adminSecrets) watch.know(`secret of the operator ${name}`, secret);
    watch.know('secret of the nodes', config.nodeSecret);
    watch.know('key of what is encrypted', config.secretKey);
    const lines: string[] = [];
    const logger = watchedLogger(config, watch, lines);
    const app = await createApp(config, logger, undefined, kinds);
    try {
      await app.listen(0, '127.0.0.1');
    } catch (error) {
      await app.close();
      throw error;
    }
    startTransport(app, logger);
    const url = (await app.getUrl()).replace('[::1]', '127.0.0.1');
    watch.watches(url);
    // The published document knows nothing of what only a test has.
    const api = new ApiUnderTest(app, config, url, watch, lines, kinds.length === 0 ? publishedContract() : undefined);
    await eventually(async () => (await api.anonymous.get('/health/ready')).status === 200);
    if (ordinary) await noteCollections(app.get<Connection>(getConnectionToken()));
    return api;
  }

  /** What has been logged since the start. */
  logged(): string {
    return this.lines.join('');
  }

  /** @throws when a secret stands in a reply, a log line or a record that was not made to show it (promise 9) */
  async stop(): Promise<void> {
    await this.keepRecords();
    await this.app.close();
    const leaks = this.watch.leaks();
    if (leaks.length > 0) throw new Error(`Secrets stand where nobody may read them:\n${leaks.join('\n')}`);
  }

  /** What was recorded of changes and refusals, if the database still answers. */
  private async keepRecords(): Promise<void> {
    if (!(await isReady(this.url))) return;
    const { db } = this.app.get<Connection>(getConnectionToken());
    for (const secret of OperatorSecrets.of(this.config).everKnown) this.watch.know('secret of an operator', secret);
    for (const name of ['audit', 'revisions', 'outbox', 'users', 'signIns']) {
      const rows = db?.collection(name).find({}, { batchSize: recordsAtOnce }) ?? [];
      for await (const row of rows) this.watch.keep(`a record of ${name}`, JSON.stringify(row));
    }
  }

  /** A client with these headers whose replies are looked through for secrets, and nothing more. */
  watched(headers: Readonly<Record<string, string>>): HttpClient {
    return new HttpClient(this.url, headers, [this.watch]);
  }

  /** A new organisation whose first user is its administrator. */
  async organisation(settings: Readonly<Record<string, unknown>> = {}): Promise<TestOrganisation> {
    const created = expectOk(await this.admin.post('/admin/organisations', { owner_name: unique('org'), settings }));
    const id = textOf(created.json['Meta']);
    return { id, admin: await this.user(id, { IsAdmin: 'admin' }) };
  }

  /** Deletes an organisation with everything of it. */
  async remove(organisation: string): Promise<Reply> {
    const path = `/admin/organisations/${organisation}`;
    const { json } = expectOk(await this.admin.get(path));
    return this.admin.delete(`${path}?confirm=${encodeURIComponent(textOf(json['owner_name']))}`);
  }

  user(organisation: string, permissions: Readonly<Record<string, string>>): Promise<TestUser> {
    return this.newUser({ org_id: organisation, user_permissions: permissions });
  }

  /** A user of no organisation. */
  superUser(): Promise<TestUser> {
    return this.newUser({ org_id: '' });
  }

  private async newUser(fields: Readonly<Record<string, unknown>>): Promise<TestUser> {
    const email = `${unique('user')}@example.org`;
    const created = expectOk(await this.admin.post('/admin/users', { email_address: email, ...fields }));
    const accessKey = textOf(created.json['Message']);
    const id = textOf(created.json['Meta']?.['id']);
    return { id, accessKey, client: this.anonymous.with({ authorization: accessKey }) };
  }
}

/** All records are looked through at the end, so many at a time. */
const recordsAtOnce = 1_000;

const isReady = async (url: string): Promise<boolean> => {
  try {
    return (await fetch(`${url}/health/ready`)).ok;
  } catch {
    // Some tests take the app down themselves.
    return false;
  }
};

/** The logger that the process would have; it is silent unless a test run asks for it, but every line is looked through. */
const watchedLogger = (config: ApiConfig, watch: SecretWatch, lines: string[]): Logger => {
  const write = (line: string): void => {
    watch.keep('the log', line);
    lines.push(line);
    if (logLevel !== 'silent') process.stdout.write(line);
  };
  const level = logLevel === 'silent' ? 'info' : logLevel;
  return createLogger('api', level, { write }, withoutSecretsOf(config));
};

const emptyRedis = async (url: string): Promise<void> => {
  const redis = new Redis(url);
  await redis.flushall();
  redis.disconnect();
};

/** The reply, when it is a 200; otherwise the test fails with what the server said. */
export const expectOk = (reply: Reply): Reply => {
  if (reply.status !== 200) throw new Error(`Expected 200, got ${reply.status}: ${reply.text}`);
  return reply;
};
