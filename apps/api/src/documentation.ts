import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { securitySchemes } from '@castellan/rbac';
import { version } from './system/version';

const description = [
  'Commands a fleet of Tyk gateways. Three planes, each with a credential of its own:',
  'the operator’s (`/admin`), the organisation’s (`/api`) and the gateways’ (`/register`, `/system`).',
  'Errors have one shape everywhere; `Code` is stable, and `RequestID` finds the log line.',
].join(' ');

/** The OpenAPI document, generated from the routes. */
export const openApiDocument = (app: INestApplication): OpenAPIObject => {
  const config = new DocumentBuilder()
    .setTitle('Castellan')
    .setDescription(description)
    .setVersion(version)
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addServer('/')
    .addApiKey({ type: 'apiKey', in: 'header', name: 'admin-auth', description: 'Admin secret' }, securitySchemes.admin)
    .addApiKey(
      {
        type: 'apiKey',
        in: 'header',
        name: 'authorization',
        description: 'A user’s access key, raw or after `Bearer `',
      },
      securitySchemes.organisation,
    )
    .addApiKey(
      { type: 'apiKey', in: 'header', name: 'authorization', description: 'Node secret' },
      securitySchemes.node,
    )
    .build();
  return withPublicRoutes(SwaggerModule.createDocument(app, config));
};

/** Says of each route without a credential that this is meant. */
const withPublicRoutes = (document: OpenAPIObject): OpenAPIObject => {
  for (const { get, post, put, patch, delete: remove } of Object.values(document.paths)) {
    for (const operation of [get, post, put, patch, remove]) if (operation !== undefined) operation.security ??= [];
  }
  return document;
};

/** Swagger UI at `/docs`, the document at `/openapi.json`. */
export const serveDocumentation = (app: INestApplication): void => {
  SwaggerModule.setup('docs', app, () => openApiDocument(app), { jsonDocumentUrl: 'openapi.json' });
};
