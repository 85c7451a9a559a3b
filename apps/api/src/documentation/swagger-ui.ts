import type { INestApplication } from '@nestjs/common';
import { SwaggerModule } from '@nestjs/swagger';
import { openApiDocument } from './document';
import { byAnyWord } from './filter';

/** Swagger UI at `/docs`, the document at `/openapi.json`. */
export const serveDocumentation = (app: INestApplication): void => {
  SwaggerModule.setup('docs', app, () => openApiDocument(app), {
    jsonDocumentUrl: 'openapi.json',
    customSiteTitle: 'Castellan API',
    swaggerOptions: {
      // Who has reloaded the page would otherwise look for the key again.
      persistAuthorization: true,
      filter: true,
      // What is written into the page as its text; the list replaces Nest's, whose one plugin opens other documents.
      plugins: [{ fn: { opsFilter: byAnyWord } }],
      docExpansion: 'none',
      displayRequestDuration: true,
      tryItOutEnabled: true,
    },
  });
};
