import type { Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Transport, type MicroserviceOptions } from '@nestjs/microservices';
import type { FastifyAdapter, NestFastifyApplication } from '@nestjs/platform-fastify';
import type { ApiConfig } from '@castellan/config';
import { Metrics, NestLogger, type Logger } from '@castellan/observability';
import { redisTransportOptions } from '@castellan/delivery';
import { AccessControl } from '@castellan/rbac';
import { AppModule } from './app.module';
import { serveDocumentation } from './documentation/swagger-ui';
import { RateLimits } from './http/rate-limits';
import { createAdapter, prepareServer } from './http/server';
import { guideFromUnknownPaths } from './http/unknown-paths';
import { createValidationPipe } from './http/validation.pipe';

/** The whole API, ready to listen; shared by the process and the tests. */
export const createApp = async (
  config: ApiConfig,
  logger: Logger,
  adapter: FastifyAdapter = createAdapter(config, logger),
  kinds: readonly Type[] = [],
): Promise<NestFastifyApplication> => {
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.with(config, logger, kinds), adapter, {
    bodyParser: false,
    abortOnError: false,
    logger: new NestLogger(logger),
  });
  const server = app.getHttpAdapter().getInstance();
  const [control, limits] = [app.get(AccessControl), app.get(RateLimits)];
  await prepareServer(server, config, app.get(Metrics), control, limits);
  app.useGlobalPipes(createValidationPipe());
  app.connectMicroservice<MicroserviceOptions>({
    transport: Transport.REDIS,
    options: redisTransportOptions(config.redisUrl),
  });
  guideFromUnknownPaths(server);
  serveDocumentation(app);
  return app;
};
