import { NestFactory } from '@nestjs/core';
import { Transport, type MicroserviceOptions } from '@nestjs/microservices';
import { LogController } from 'fastify';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { HostManagerConfig } from '@castellan/config';
import { NestLogger, type Logger } from '@castellan/observability';
import { redisTransportOptions } from '@castellan/delivery';
import { AppModule } from './app.module';

/** The host manager: a microservice on the Redis transport, with a small HTTP side for health and figures. */
export const createApp = async (config: HostManagerConfig, logger: Logger): Promise<NestFastifyApplication> => {
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.with(config, logger),
    new FastifyAdapter({ loggerInstance: logger, logController: new LogController({ disableRequestLogging: true }) }),
    { abortOnError: false, logger: new NestLogger(logger) },
  );
  app.connectMicroservice<MicroserviceOptions>({
    transport: Transport.REDIS,
    options: redisTransportOptions(config.redisUrl),
  });
  return app;
};
