import { Body, Controller, Param, Res, type Type } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { StatusReply } from '@castellan/dto';
import { Requires } from '@castellan/rbac';
import { toPublicOas } from '@castellan/tyk';
import { BodyOrFile } from '../http/file-upload';
import { etagOf, IfMatch, Precondition } from '../http/precondition';
import { OrganisationRequest, type OrganisationContext } from '../http/request-context';
import { decisiveFlag, tolerated } from '../http/query/parameter';
import { AskedFor, RouteQuery, type Asked } from '../http/query/query';
import { baseApiHeader, notesHeader } from '../http/header-docs';
import { Route } from '../http/route';
import { ApiCreatedReply } from '../apis/api.dto';
import { ApiVersionsService } from '../apis/api-versions.service';
import { versionLinkOf } from '../apis/version-query';
import { refuseOtherSort, type OasSort } from './mcp';
import { documentFrom, missingAs } from './oas-body';
import { inFormOrBody, openApiDocument } from './oas.dto';
import { oasExample, plainExample } from './oas-examples';
import { createQuery, importOptionsOf, modeQuery, patchQuery } from './oas-query';
import { sendNotes } from '../http/notes';
import { sendDocument } from './oas-reply';
import { OasService, type Written } from './oas.service';

const removeQuery = new RouteQuery({ purge: decisiveFlag({ description: 'Its versions go with it' }) });
const updateQuery = new RouteQuery({ accept_additional_properties: tolerated('tyk-sync') });
const documentTypes = ['application/json', 'application/x-yaml'] as const;

/** A reply to a write, with the entity tag and what of the document not every node can do. */
const written = (reply: FastifyReply, { row, notes }: Written): void => {
  void reply.header('etag', etagOf(row.version));
  sendNotes(reply, notes);
};

/** A place where documents of OAS APIs are written, and the words that its clients know. */
interface OasPlace {
  readonly path: string;
  readonly tag: string;
  /** How it ends operation ids. */
  readonly noun: string;
  /** What it is called in the audit log and in summaries. */
  readonly called: string;
  readonly sort: OasSort;
  /** The `api_id` of the example. */
  readonly exampleId: string;
  readonly said: { readonly created: string; readonly updated: string; readonly deleted: string };
}

/** The routes of OAS APIs under one path; newer tools send the same documents to paths of their own. */
const oasController = ({ path, tag, noun, called, sort, exampleId, said }: OasPlace): Type => {
  const idParam = { name: 'id', description: 'Database id or api_id', example: exampleId };
  const example = oasExample(`Pets as ${called}`, `/${noun.toLowerCase()}/`, exampleId);

  @ApiTags(tag)
  @Controller(path)
  class OasController {
    constructor(
      private readonly oas: OasService,
      private readonly versions: ApiVersionsService,
    ) {}

    @Route.post('', {
      access: Requires('apis', 'write', `Create ${called}`),
      id: `create${noun}`,
      summary: `Create an ${called}, or a version of an API`,
      description: 'An id inside the extension is kept. What a gateway cannot do is said in `X-Castellan-Notes`.',
      example,
      replyHeaders: notesHeader,
      body: { schema: openApiDocument },
      consumes: [...documentTypes],
      reply: ApiCreatedReply,
      tagged: true,
      errors: [409],
    })
    async create(
      @OrganisationRequest() context: OrganisationContext,
      @AskedFor(createQuery) query: Asked<typeof createQuery>,
      @Body() body: unknown,
      @Res({ passthrough: true }) reply: FastifyReply,
    ): Promise<StatusReply> {
      const result = await this.oas.create(context, await documentFrom(body), versionLinkOf(query), sort);
      written(reply, result);
      return new StatusReply(said.created, result.row._id.toString(), result.row.apiId);
    }

    @Route.get(':id', {
      access: Requires('apis', 'read', `Get ${called}`),
      id: `get${noun}`,
      summary: `Get the document of an ${called}`,
      description: 'As YAML when `Accept` asks for it; with `mode=public` without Tyk’s extension.',
      replyHeaders: baseApiHeader,
      params: [idParam],
      reply: { schema: openApiDocument },
      produces: [...documentTypes],
      tagged: true,
    })
    async get(
      @OrganisationRequest() context: OrganisationContext,
      @Param('id') id: string,
      @Res() reply: FastifyReply,
      @AskedFor(modeQuery) { mode }: Asked<typeof modeQuery>,
    ): Promise<void> {
      // The text is the one that real dashboards were seen to answer (docs/tyk/clients.md#tyk-sync).
      const missing = missingAs(sort === 'mcp' ? 404 : 400, 'Could not retrieve Api detail');
      const row = await this.versions.requireNamingBase(reply, context, id, missing);
      refuseOtherSort(row, sort);
      const oas = this.oas.documentOf(row);
      sendDocument(reply, row.version, mode === 'public' ? toPublicOas(oas) : oas);
    }

    @Route.put(':id', {
      access: Requires('apis', 'write', `Update ${called}`),
      id: `update${noun}`,
      summary: `Replace the document of an ${called}`,
      description: 'What is left out is gone afterwards. A replacement by the same is no change.',
      example,
      replyHeaders: notesHeader,
      params: [idParam],
      body: { schema: openApiDocument },
      consumes: [...documentTypes],
      reply: StatusReply,
      tagged: true,
      preconditioned: true,
      errors: [409],
    })
    async update(
      @OrganisationRequest() context: OrganisationContext,
      @Param('id') id: string,
      @Body() body: unknown,
      @IfMatch() precondition: Precondition,
      @AskedFor(updateQuery) _query: Asked<typeof updateQuery>,
      @Res({ passthrough: true }) reply: FastifyReply,
    ): Promise<StatusReply> {
      written(reply, await this.oas.update(context, id, await documentFrom(body), precondition, sort));
      return new StatusReply(said.updated);
    }

    @Route.patch(':id', {
      access: Requires('apis', 'write', `Patch ${called}`),
      id: `patch${noun}`,
      summary: 'Replace the OpenAPI part of an OAS API, and set up its operations',
      description: 'The extension stays, but for the operations that parameters set up.',
      example: plainExample,
      replyHeaders: notesHeader,
      params: [idParam],
      body: { schema: { ...openApiDocument, description: `${openApiDocument.description}; ${inFormOrBody}` } },
      consumes: [...documentTypes, 'multipart/form-data'],
      reply: StatusReply,
      tagged: true,
      preconditioned: true,
      errors: [409],
    })
    async patch(
      @OrganisationRequest() context: OrganisationContext,
      @Param('id') id: string,
      @AskedFor(patchQuery) query: Asked<typeof patchQuery>,
      @BodyOrFile() body: unknown,
      @IfMatch() precondition: Precondition,
      @Res({ passthrough: true }) reply: FastifyReply,
    ): Promise<StatusReply> {
      const options = importOptionsOf(query);
      written(reply, await this.oas.patch(context, id, await documentFrom(body), options, precondition, sort));
      return new StatusReply('API updated');
    }

    @Route.delete(':id', {
      access: Requires('apis', 'write', `Delete ${called}`),
      id: `delete${noun}`,
      summary: `Delete an ${called}`,
      description: 'It can be restored from its history. Versions go with it only when `purge=true` asks for that.',
      params: [idParam],
      reply: StatusReply,
      preconditioned: true,
    })
    async remove(
      @OrganisationRequest() context: OrganisationContext,
      @Param('id') id: string,
      @IfMatch() precondition: Precondition,
      @AskedFor(removeQuery) { purge }: Asked<typeof removeQuery>,
    ): Promise<StatusReply> {
      await this.oas.remove(context, id, purge, precondition, sort);
      return new StatusReply(said.deleted);
    }
  }

  return OasController;
};

const said = { created: 'API created', updated: 'API updated.', deleted: 'API deleted.' };

export const OasController = oasController({
  path: 'api/apis/oas',
  tag: 'OAS APIs',
  noun: 'OasApi',
  called: 'OAS API',
  sort: 'any',
  exampleId: '4c1f0d2b9a3e4f6d8b7a5c3e1d0f2b4a',
  said,
});

export const StreamsController = oasController({
  path: 'api/apis/streams',
  tag: 'Streams APIs',
  noun: 'StreamsApi',
  called: 'Streams API',
  sort: 'any',
  exampleId: '7e5a3c1f9d2b4e6f8a0c2d4b6e8f1a3c',
  said,
});

export const McpController = oasController({
  path: 'api/mcps',
  tag: 'MCP proxies',
  noun: 'Mcp',
  called: 'MCP Proxy',
  sort: 'mcp',
  exampleId: '9b7d5f3a1c2e4d6f8b0a2c4e6d8f0b1a',
  said: {
    created: 'MCP Proxy definition created',
    updated: 'MCP Proxy definition updated',
    deleted: 'MCP Proxy definition deleted',
  },
});
