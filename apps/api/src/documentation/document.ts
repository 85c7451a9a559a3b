import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { securitySchemes } from '@castellan/rbac';
import { version } from '../system/version';
import { refined } from './refine';
import { tags } from './tags';

const description = [
  'Commands a fleet of Tyk gateways. Three planes, each with a credential of its own:',
  'the operator’s (`/admin`), the organisation’s (`/api`) and the gateways’ (`/register`, `/system`).',
  '',
  'Errors have one shape everywhere; `Code` is stable, and `RequestID` finds the log line.',
  'A reading reply carries its version as `ETag`; send it as `If-Match` with a write, and nobody’s change is lost.',
  '',
  'The examples work as they are in a fresh installation, in this order: `createOrganisation`, `adminCreateUser`',
  '(its reply’s `Message` is the access key), then, with that key, everything under `/api`.',
].join('\n');

/** The OpenAPI document, generated from the routes. */
export const openApiDocument = (app: INestApplication): OpenAPIObject => {
  const builder = new DocumentBuilder()
    .setTitle('Castellan')
    .setDescription(description)
    .setVersion(version)
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addServer('/')
    .addApiKey(
      { type: 'apiKey', in: 'header', name: 'admin-auth', description: 'Admin secret' },
      securitySchemes.operator,
    )
    .addApiKey(
      {
        type: 'apiKey',
        in: 'header',
        name: 'authorization',
        description:
          'A user’s access key, raw or after `Bearer `. Super users may say in `X-Castellan-Organisation` which organisation a ' +
          'request is about; where they do not, lists are of all, and an id in the path tells the organisation that has it.',
      },
      securitySchemes.organisation,
    )
    .addApiKey(
      { type: 'apiKey', in: 'header', name: 'authorization', description: 'Node secret' },
      securitySchemes.node,
    );
  for (const [name, about] of tags) builder.addTag(name, about);
  return refined(SwaggerModule.createDocument(app, builder.build()));
};
