import { Body, Controller, Param, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { StatusReply, ValidationFailed } from '@castellan/dto';
import { Requires } from '@castellan/rbac';
import { isJsonObject, ownField, toPublicOas, type JsonObject } from '@castellan/tyk';
import { BodyOrFile } from '../http/file-upload';
import { OrganisationRequest, type OrganisationContext } from '../http/request-context';
import { text } from '../http/query/parameter';
import { AskedFor, RouteQuery, type Asked } from '../http/query/query';
import { tagged } from '../http/reply-headers';
import { fileNameHeader, notesHeader } from '../http/header-docs';
import { Route } from '../http/route';
import { sendJsonText } from '../http/text-reply';
import { writeYaml } from '../import-export/yaml';
import { ApiCreatedReply } from '../apis/api.dto';
import { versionLinkOf } from '../apis/version-query';
import { dryRunChanges, ValidReply } from '../resources/dry-run';
import { documentFrom, missingAs } from './oas-body';
import { DryRunInput, inFormOrBody, openApiDocument } from './oas.dto';
import { oasExample, plainExample } from './oas-examples';
import { importOptionsOf, importQuery, modeQuery } from './oas-query';
import { sendNotes } from '../http/notes';
import { wantsYaml } from './oas-reply';
import { OasService } from './oas.service';

const documentTypes = ['application/json', 'application/x-yaml'] as const;
const plainDocument = {
  ...openApiDocument,
  description: `An OpenAPI 3.0 or 3.1 document without Tyk’s extension; ${inFormOrBody}`,
};

const validateQuery = new RouteQuery({
  id: text({ description: 'The API that it would replace; a new one when left out' }),
});

/** OpenAPI documents that become OAS APIs, and OAS APIs that become files. */
@ApiTags('OAS APIs')
@Controller('api/apis/oas')
export class OasImportController {
  constructor(private readonly oas: OasService) {}

  @Route.post('import', {
    access: Requires('apis', 'write', 'Import OAS API'),
    id: 'importOasApi',
    summary: 'Make an OAS API of an OpenAPI document',
    description:
      'Takes OpenAPI 3.0 and 3.1, as JSON, YAML or a file. What a gateway cannot do is said in `X-Castellan-Notes`.',
    example: plainExample,
    replyHeaders: notesHeader,
    body: { schema: plainDocument },
    consumes: [...documentTypes, 'multipart/form-data'],
    reply: ApiCreatedReply,
    tagged: true,
    errors: [409],
  })
  async import(
    @OrganisationRequest() context: OrganisationContext,
    @AskedFor(importQuery) query: Asked<typeof importQuery>,
    @BodyOrFile() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    const options = importOptionsOf(query);
    const { row, notes } = await this.oas.import(context, await documentFrom(body), options, versionLinkOf(query));
    sendNotes(reply, notes);
    return tagged(row, new StatusReply('API created', row._id.toString(), row.apiId));
  }

  /** Asks for no more than the right to read: it changes nothing. */
  @Route.post('dry-run', {
    access: Requires('apis', 'read', 'Dry Run OAS API'),
    id: 'dryRunOasApi',
    summary: 'The OAS API that an import or a patch would make',
    description: 'Nothing is written. Notes are those that the import would give.',
    example: { oas: plainExample },
    replyHeaders: notesHeader,
    body: DryRunInput,
    reply: { schema: openApiDocument },
  })
  async dryRun(
    @AskedFor(importQuery) query: Asked<typeof importQuery>,
    @Body() body: unknown,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const sent = await documentFrom(body);
    const document = part(sent, 'oas');
    if (document === undefined) throw new ValidationFailed([{ path: 'oas', message: 'is required' }]);
    const { oas, notes } = await this.oas.preview(document, importOptionsOf(query), part(sent, 'tyk_oas'));
    sendNotes(reply, notes);
    sendJsonText(reply, JSON.stringify(oas));
  }

  /** Asks for no more than the right to read: it changes nothing. */
  @Route.post('validate', {
    access: Requires('apis', 'read', 'Validate OAS API'),
    id: 'validateOasApi',
    summary: 'Check an OAS API as a write would, and write nothing',
    description: 'Says every error that a write would, and what it would change.',
    example: oasExample('Valid', '/valid/'),
    body: { schema: openApiDocument },
    consumes: [...documentTypes],
    reply: ValidReply,
    errors: [404, 409],
  })
  async validate(
    @OrganisationRequest() context: OrganisationContext,
    @Body() body: unknown,
    @AskedFor(validateQuery) { id }: Asked<typeof validateQuery>,
  ): Promise<StatusReply> {
    const changes = await this.oas.dryRun(context, await documentFrom(body), id);
    return new StatusReply('API is valid', { changes: await dryRunChanges(changes) });
  }

  @Route.get(':id/export', {
    access: Requires('apis', 'read', 'Export OAS API'),
    id: 'exportOasApi',
    summary: 'The document of an OAS API as a file',
    description: 'As YAML when `Accept` asks for it; with `mode=public` without Tyk’s extension.',
    replyHeaders: fileNameHeader,
    params: [{ name: 'id', description: 'Database id or api_id' }],
    reply: { schema: { type: 'string' } },
    produces: ['application/octet-stream'],
  })
  async export(
    @OrganisationRequest() { organisation }: OrganisationContext,
    @Param('id') id: string,
    @Res() reply: FastifyReply,
    @AskedFor(modeQuery) { mode }: Asked<typeof modeQuery>,
  ): Promise<void> {
    const { row, oas } = await this.oas.get(organisation, id, missingAs(400, 'Could not retrieve API detail.'));
    const document = mode === 'public' ? toPublicOas(oas) : oas;
    const isYaml = wantsYaml(reply.request);
    const file = `oas-${row._id.toString()}.${isYaml ? 'yaml' : 'json'}`;
    void reply
      .header('content-type', 'application/octet-stream')
      .header('content-disposition', `attachment; filename="${file}"`)
      .send(isYaml ? writeYaml(document) : JSON.stringify(document));
  }
}

const part = (sent: JsonObject, name: string): JsonObject | undefined => {
  const value = ownField(sent, name);
  return isJsonObject(value) ? value : undefined;
};
