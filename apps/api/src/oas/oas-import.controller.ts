import { Body, Controller, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import {
  ApiBody,
  ApiConsumes,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiProduces,
  ApiQuery,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { StatusReply, ValidationFailed } from '@castellan/dto';
import { Requires } from '@castellan/rbac';
import { isJsonObject, ownField, toPublicOas, type JsonObject } from '@castellan/tyk';
import { ApiErrors } from '../http/api-errors.decorator';
import { BodyOrFile } from '../http/file-upload';
import { etagOf } from '../http/precondition';
import { OrganisationRequest, type OrganisationContext } from '../http/request-context';
import { sendJsonText } from '../http/text-reply';
import { writeYaml } from '../import-export/yaml';
import { ApiCreatedReply } from '../apis/api.dto';
import { versionLinkOf } from '../apis/version-query';
import { rehearsedChange, ValidReply } from '../resources/rehearsal';
import { documentFrom, missingAs } from './oas-body';
import { DryRunInput, importOptionsOf, ImportQuery, inFormOrBody, openApiDocument } from './oas.dto';
import { sendNotes, wantsYaml } from './oas-reply';
import { OasService } from './oas.service';

const documentTypes = ['application/json', 'application/x-yaml'] as const;
const plainDocument = {
  ...openApiDocument,
  description: `An OpenAPI 3.0 or 3.1 document without Tyk’s extension; ${inFormOrBody}`,
};

/** OpenAPI documents that become OAS APIs, and OAS APIs that become files. */
@ApiTags('OAS APIs')
@Controller('api/apis/oas')
export class OasImportController {
  constructor(private readonly oas: OasService) {}

  @Post('import')
  @HttpCode(200)
  @Requires('apis', 'write', 'Import OAS API')
  @ApiOperation({ operationId: 'importOasApi', summary: 'Make an OAS API of an OpenAPI document' })
  @ApiConsumes(...documentTypes, 'multipart/form-data')
  @ApiBody({ schema: plainDocument })
  @ApiOkResponse({ type: ApiCreatedReply })
  @ApiErrors(400, 401, 403, 409, 413)
  async import(
    @OrganisationRequest() context: OrganisationContext,
    @Query() query: ImportQuery,
    @BodyOrFile() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StatusReply> {
    const options = importOptionsOf(query);
    const { row, notes } = await this.oas.import(context, await documentFrom(body), options, versionLinkOf(query));
    void reply.header('etag', etagOf(row.version));
    sendNotes(reply, notes);
    return new StatusReply('API created', row._id.toString(), row.apiId);
  }

  /** Asks for no more than the right to read: it changes nothing. */
  @Post('dry-run')
  @HttpCode(200)
  @Requires('apis', 'read', 'Dry Run OAS API')
  @ApiOperation({ operationId: 'dryRunOasApi', summary: 'The OAS API that an import or a patch would make' })
  @ApiBody({ type: DryRunInput })
  @ApiOkResponse({ schema: openApiDocument })
  @ApiErrors(400, 401, 403, 413)
  async dryRun(@Query() query: ImportQuery, @Body() body: unknown, @Res() reply: FastifyReply): Promise<void> {
    const sent = await documentFrom(body);
    const document = part(sent, 'oas');
    if (document === undefined) throw new ValidationFailed([{ path: 'oas', message: 'is required' }]);
    const { oas, notes } = this.oas.read(document, importOptionsOf(query), part(sent, 'tyk_oas'));
    sendNotes(reply, notes);
    sendJsonText(reply, JSON.stringify(oas));
  }

  /** Asks for no more than the right to read: it changes nothing. */
  @Post('validate')
  @HttpCode(200)
  @Requires('apis', 'read', 'Validate OAS API')
  @ApiOperation({ operationId: 'validateOasApi', summary: 'Check an OAS API as a write would, and write nothing' })
  @ApiQuery({ name: 'id', required: false, description: 'The API that it would replace; a new one when left out' })
  @ApiConsumes(...documentTypes)
  @ApiBody({ schema: openApiDocument })
  @ApiOkResponse({ type: ValidReply })
  @ApiErrors(400, 401, 403, 404, 409, 413)
  async validate(
    @OrganisationRequest() context: OrganisationContext,
    @Body() body: unknown,
    @Query('id') id?: string,
  ): Promise<StatusReply> {
    const changes = await this.oas.tryOut(context, await documentFrom(body), id);
    return new StatusReply('API is valid', { changes: changes.map(rehearsedChange) });
  }

  @Get(':id/export')
  @Requires('apis', 'read', 'Export OAS API')
  @ApiOperation({ operationId: 'exportOasApi', summary: 'The document of an OAS API as a file' })
  @ApiParam({ name: 'id', description: 'Database id or api_id' })
  @ApiQuery({ name: 'mode', required: false, enum: ['public'], description: 'Without what is Tyk’s' })
  @ApiProduces('application/octet-stream')
  @ApiOkResponse({ schema: { type: 'string', format: 'binary' } })
  @ApiErrors(400, 401, 403)
  async export(
    @OrganisationRequest() { organisation }: OrganisationContext,
    @Param('id') id: string,
    @Res() reply: FastifyReply,
    @Query('mode') mode?: string,
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
