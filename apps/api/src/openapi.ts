import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { OpenAPIObject } from '@nestjs/swagger';
import { loadApiConfig } from '@castellan/config';
import { createLogger } from '@castellan/observability';
import { AppModule } from './app.module';
import { openApiDocument } from './documentation/document';

/** Nothing is opened with these: the application is only looked at. */
const placeholders = {
  CASTELLAN_ADMIN_SECRET: 'not-used-for-documents',
  CASTELLAN_NODE_SECRET: 'not-used-for-documents',
  CASTELLAN_MONGODB_URI: 'mongodb://127.0.0.1/none',
  CASTELLAN_REDIS_URL: 'redis://127.0.0.1/none',
};

/** The OpenAPI document of the routes as they are, without any database: what `openapi.json` is made from. */
export const buildOpenApiDocument = async (): Promise<OpenAPIObject> => {
  const module = AppModule.with(loadApiConfig(placeholders), createLogger('openapi', 'silent'));
  const app = await NestFactory.create(module, new FastifyAdapter(), {
    preview: true,
    abortOnError: false,
    logger: false,
  });
  return openApiDocument(app);
};
