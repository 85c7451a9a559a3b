import { randomBytes } from 'node:crypto';
import type { Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { loadApiConfig, type ApiConfig } from '@castellan/config';
import { createLogger, Metrics } from '@castellan/observability';
import { AccessControl } from '@castellan/rbac';
import { HttpClient } from '@castellan/testing';
import { AppModule } from '../../apps/api/src/app.module';
import { RateLimits } from '../../apps/api/src/http/rate-limits';
import { withoutSecretsOf } from '../../apps/api/src/http/credentials-in-text';
import { createAdapter, prepareServer } from '../../apps/api/src/http/server';
import { createValidationPipe } from '../../apps/api/src/http/validation.pipe';
import { freshDatabaseUri, workerRedisUrl } from './test-services';

/** The API with routes of the test's own beside it, to see what guard, pipe and filter make of them. */
export interface AppWithRoutes {
  readonly app: NestFastifyApplication;
  readonly config: ApiConfig;
  readonly client: HttpClient;
  /** What has been logged since the start. */
  readonly logged: () => string;
  readonly stop: () => Promise<void>;
}

export const startAppWithRoutes = async (controllers: readonly Type[]): Promise<AppWithRoutes> => {
  const config = loadApiConfig({
    CASTELLAN_ADMIN_SECRET: randomBytes(16).toString('hex'),
    CASTELLAN_NODE_SECRET: randomBytes(16).toString('hex'),
    CASTELLAN_MONGODB_URI: freshDatabaseUri(),
    CASTELLAN_REDIS_URL: workerRedisUrl(),
    // Probing without a credential counts as guessing.
    CASTELLAN_ADMIN_ATTEMPTS: '100000',
    CASTELLAN_CREDENTIAL_ATTEMPTS: '100000',
    CASTELLAN_RATE_LIMIT: '0',
    CASTELLAN_RATE_LIMIT_ADDRESS: '0',
  });
  const lines: string[] = [];
  const logger = createLogger('api', 'info', { write: (line) => lines.push(line) }, withoutSecretsOf(config));
  const module = await Test.createTestingModule({
    imports: [AppModule.with(config, logger)],
    controllers: [...controllers],
  }).compile();
  const app = module.createNestApplication<NestFastifyApplication>(createAdapter(config, logger), {
    bodyParser: false,
    logger: false,
  });
  await prepareServer(
    app.getHttpAdapter().getInstance(),
    config,
    app.get(Metrics),
    app.get(AccessControl),
    app.get(RateLimits),
  );
  app.useGlobalPipes(createValidationPipe());
  await app.listen(0, '127.0.0.1');
  return {
    app,
    config,
    client: new HttpClient((await app.getUrl()).replace('[::1]', '127.0.0.1')),
    logged: () => lines.join(''),
    stop: () => app.close(),
  };
};
