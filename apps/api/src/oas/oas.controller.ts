import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Put, Query, Res } from '@nestjs/common';
import {
  ApiBody,
  ApiConsumes,
  ApiHeader,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiProduces,
  ApiQuery,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { StatusReply } from '@castellan/dto';
import { Requires } from '@castellan/rbac';
import { toPublicOas } from '@castellan/tyk';
import { ApiErrors } from '../http/api-errors.decorator';
import { BodyOrFile } from '../http/file-upload';
import { etagOf, IfMatch, Precondition } from '../http/precondition';
import { OrganisationRequest, type OrganisationContext } from '../http/request-context';
import { ApiCreatedReply } from '../apis/api.dto';
import { ApiVersionsService } from '../apis/api-versions.service';
import { versionLinkOf } from '../apis/version-query';
import { documentFrom, missingAs } from './oas-body';
import { importOptionsOf, ImportQuery, inFormOrBody, openApiDocument } from './oas.dto';
import { sendDocument, sendNotes } from './oas-reply';
import { OasService, type Written } from './oas.service';

const idParam = { name: 'id', description: 'Database id or api_id', example: 'b84fe1a04e5648927971c0557971565c' };
const ifMatch = { name: 'If-Match', required: false, description: 'Only when the version is still this one' };
const documentTypes = ['application/json', 'application/x-yaml'] as const;

/** A reply to a write, with the entity tag and what of the document not every node can do. */
const written = (reply: FastifyReply, { row, notes }: Written): void => {
  void reply.header('etag', etagOf(row.version));
  sendNotes(reply, notes);
};

@ApiTags('OAS APIs')
@Controller('api/apis/oas')
export class OasController {
  constructor(
    private readonly oas: OasService,
    private readonly versions: ApiVersionsService,
  ) {}

  @Post()
  @HttpCode(200)
  @Requires('apis', 'write', 'Create OAS API')
  @ApiOperation({ operationId: 'createOasApi', summary: 'Create an OAS API, or a version of an API' })
  @ApiConsumes(...documentTypes)
  @ApiBody({ schema: openApiDocument })
  @ApiOkResponse({ type: ApiCreatedReply })
  @ApiErrors(400, 401, 403, 409, 413)
  async create(
    @OrganisationRequest() context: OrganisationContext,
    @Query() query: ImportQuery,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StatusReply> {
    const result = await this.oas.create(context, await documentFrom(body), versionLinkOf(query));
    written(reply, result);
    return new StatusReply('API created', result.row._id.toString(), result.row.apiId);
  }

  @Get(':id')
  @Requires('apis', 'read', 'Get OAS API')
  @ApiOperation({
    operationId: 'getOasApi',
    summary: 'Get the document of an OAS API; `x-tyk-base-api-id` names the API that it is a version of',
  })
  @ApiParam(idParam)
  @ApiQuery({ name: 'mode', required: false, enum: ['public'], description: 'Without what is Tyk’s' })
  @ApiProduces(...documentTypes)
  @ApiOkResponse({ schema: openApiDocument })
  @ApiErrors(400, 401, 403)
  async get(
    @OrganisationRequest() { organisation }: OrganisationContext,
    @Param('id') id: string,
    @Res() reply: FastifyReply,
    @Query('mode') mode?: string,
  ): Promise<void> {
    // The text is the one that real dashboards were seen to answer (docs/tyk/clients.md#tyk-sync).
    const { row, oas } = await this.oas.get(organisation, id, missingAs(400, 'Could not retrieve Api detail'));
    await this.versions.nameBase(reply, organisation, row);
    sendDocument(reply, row.version, mode === 'public' ? toPublicOas(oas) : oas);
  }

  @Put(':id')
  @Requires('apis', 'write', 'Update OAS API')
  @ApiOperation({ operationId: 'updateOasApi', summary: 'Replace the document of an OAS API' })
  @ApiParam(idParam)
  @ApiHeader(ifMatch)
  @ApiConsumes(...documentTypes)
  @ApiBody({ schema: openApiDocument })
  @ApiOkResponse({ type: StatusReply })
  @ApiErrors(400, 401, 403, 404, 409, 412, 413, 428)
  async update(
    @OrganisationRequest() context: OrganisationContext,
    @Param('id') id: string,
    @Body() body: unknown,
    @IfMatch() precondition: Precondition,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StatusReply> {
    written(reply, await this.oas.update(context, id, await documentFrom(body), precondition));
    return new StatusReply('API updated.');
  }

  @Patch(':id')
  @Requires('apis', 'write', 'Patch OAS API')
  @ApiOperation({
    operationId: 'patchOasApi',
    summary: 'Replace the OpenAPI part of an OAS API, and set up its operations',
  })
  @ApiParam(idParam)
  @ApiHeader(ifMatch)
  @ApiConsumes(...documentTypes, 'multipart/form-data')
  @ApiBody({ schema: { ...openApiDocument, description: `${openApiDocument.description}; ${inFormOrBody}` } })
  @ApiOkResponse({ type: StatusReply })
  @ApiErrors(400, 401, 403, 404, 409, 412, 413, 428)
  async patch(
    @OrganisationRequest() context: OrganisationContext,
    @Param('id') id: string,
    @Query() query: ImportQuery,
    @BodyOrFile() body: unknown,
    @IfMatch() precondition: Precondition,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StatusReply> {
    const options = importOptionsOf(query);
    written(reply, await this.oas.patch(context, id, await documentFrom(body), options, precondition));
    return new StatusReply('API updated');
  }

  @Delete(':id')
  @Requires('apis', 'write', 'Delete OAS API')
  @ApiOperation({ operationId: 'deleteOasApi', summary: 'Delete an OAS API' })
  @ApiParam(idParam)
  @ApiQuery({ name: 'purge', required: false, enum: ['true', 'false'], description: 'Its versions go with it' })
  @ApiHeader(ifMatch)
  @ApiOkResponse({ type: StatusReply })
  @ApiErrors(400, 401, 403, 404, 412, 428)
  async remove(
    @OrganisationRequest() context: OrganisationContext,
    @Param('id') id: string,
    @IfMatch() precondition: Precondition,
    @Query('purge') purge?: string,
  ): Promise<StatusReply> {
    await this.oas.remove(context, id, purge === 'true', precondition);
    return new StatusReply('API deleted.');
  }
}
