import { Body, Controller, Get, Headers, HttpCode, Inject, Post, Query, Res } from '@nestjs/common';
import { ApiBody, ApiHeader, ApiOkResponse, ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { CastellanError, Forbidden, StatusReply } from '@castellan/dto';
import { ImportStore } from '@castellan/persistence';
import { allows, Requires, type Level } from '@castellan/rbac';
import { ApiErrors } from '../../http/api-errors.decorator';
import { LargeBody } from '../../http/large-bodies';
import { OrganisationRequest, type OrganisationContext } from '../../http/request-context';
import { readDocument, subsetOf } from '../document';
import { ExportService } from '../export.service';
import { ImportService } from '../import.service';
import { sectionNames, type SectionName } from '../kinds/kind';
import { sectionsOf, subsetFrom, type Subset } from '../subset';
import type { ResourceTransaction } from '../../resources/resource-transaction';
import {
  demandOf,
  documentFrom,
  exportTag,
  flagFrom,
  formatFrom,
  isKnownExport,
  refuseUnknown,
} from './transfer-query';
import { ConfigurationDto, ImportListDto, ImportReply } from './transfer.dto';

const tagsQuery = { name: 'tags', required: false, description: 'Comma-separated: only what has all of these tags' };
const categoryQuery = { name: 'category', required: false, description: 'Only APIs of this category' };

/** Imports that are listed, the latest first. */
const listed = 20;

const importQueries = ['dryRun', 'prune', 'tags', 'category'];

@ApiTags('Import and export')
@Controller('api')
export class TransferController {
  constructor(
    private readonly exports: ExportService,
    private readonly imports: ImportService,
    private readonly store: ImportStore,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {}

  @Get('export')
  @Requires('system', 'read', 'Export Configuration')
  @ApiOperation({
    operationId: 'exportConfiguration',
    summary: 'The whole configuration as one document',
    description:
      'The same configuration gives the same document, byte for byte, whatever the installation. Needs the right to read each section that the document has: one that silently lacked a section would, with `prune`, delete it.',
  })
  @ApiQuery({ name: 'format', required: false, enum: ['json', 'yaml'], description: 'Otherwise by `Accept`' })
  @ApiQuery(tagsQuery)
  @ApiQuery(categoryQuery)
  @ApiHeader({ name: 'If-None-Match', required: false, description: 'The ETag of an earlier export' })
  @ApiOkResponse({ type: ConfigurationDto })
  @ApiErrors(400, 401, 403, 409)
  async export(
    @OrganisationRequest() context: OrganisationContext,
    @Res() reply: FastifyReply,
    @Headers() headers: Readonly<Record<string, string | undefined>>,
    @Query('format') asked?: string,
    @Query('tags') tags?: string,
    @Query('category') category?: string,
  ): Promise<void> {
    const format = formatFrom(asked, headers['accept']);
    const subset = subsetFrom(tags, category);
    requireRights(context, sectionsOf(subset), 'read');
    const isKnown = (tag: string) => isKnownExport(headers['if-none-match'], tag, format);
    const { tag, text } = await this.exports.export(context.organisation, subset, format, isKnown);
    void reply.header('etag', exportTag(tag, format)).header('vary', 'accept');
    if (text === null) void reply.status(304).send();
    else void reply.header('content-type', `application/${format}; charset=utf-8`).send(text);
  }

  @Post('import')
  @HttpCode(200)
  @LargeBody()
  @Requires('system', 'write', 'Import Configuration')
  @ApiOperation({
    operationId: 'importConfiguration',
    summary: 'Make the configuration what a document says',
    description:
      'Takes what an export gives, as JSON or YAML. Every entry is checked before anything is written. Needs the right to write each section that the document has.',
  })
  @ApiQuery({ name: 'dryRun', required: false, type: Boolean, description: 'Say what would be done, and do nothing' })
  @ApiQuery({ name: 'prune', required: false, type: Boolean, description: 'Delete what the document’s sections lack' })
  @ApiQuery(tagsQuery)
  @ApiQuery(categoryQuery)
  @ApiHeader({ name: 'If-Match', required: false, description: 'Only when an export would still have this ETag' })
  @ApiBody({ type: ConfigurationDto })
  @ApiOkResponse({ type: ImportReply })
  @ApiErrors(400, 401, 403, 409, 412, 413, 428)
  async import(
    @OrganisationRequest() context: OrganisationContext,
    @Body() body: unknown,
    @Headers('if-match') ifMatch: string | undefined,
    @Query() query: Readonly<Record<string, string | undefined>>,
  ): Promise<StatusReply> {
    refuseUnknown(query, importQueries);
    const dryRun = flagFrom('dryRun', query['dryRun']);
    const prune = flagFrom('prune', query['prune']);
    const asked = subsetFrom(query['tags'], query['category']);
    const document = readDocument(await documentFrom(body, this.config.bodyLimit));
    const subset = subsetOf(asked, document.subset);
    const touched = sectionsTouched(document.sections, prune);
    requireRights(context, touched, 'write');

    const precondition = (transaction: ResourceTransaction) => this.checkDemand(transaction, subset, ifMatch, dryRun);
    const request = { document, subset, prune, mayMakeIds: false };
    const { id, counts, resources } = await this.imports.import(context, request, { dryRun, precondition });
    const said = dryRun ? 'Dry run: nothing was written' : 'Configuration imported';
    return new StatusReply(said, { dry_run: dryRun, import: id, counts, resources });
  }

  @Get('import')
  @Requires('system', 'read', 'List Imports')
  @ApiOperation({
    operationId: 'listImports',
    summary: 'The last imports that were made in batches, and how far they are',
  })
  @ApiOkResponse({ type: ImportListDto })
  @ApiErrors(401, 403)
  async list(@OrganisationRequest() { organisation }: OrganisationContext): Promise<ImportListDto> {
    const rows = await this.store.latest(organisation, listed);
    return {
      imports: rows.map(({ _id, state, ends, made, counts, refusal, createdAt, finishedAt }) => ({
        id: _id.toString(),
        state,
        steps: ends.at(-1) ?? 0,
        made,
        counts: {
          create: counts['create'] ?? 0,
          change: counts['change'] ?? 0,
          delete: counts['delete'] ?? 0,
          unchanged: counts['unchanged'] ?? 0,
        },
        refusal: refusal === null ? null : { code: refusal.code, message: refusal.message, errors: refusal.errors },
        created_at: createdAt.toISOString(),
        finished_at: finishedAt?.toISOString() ?? null,
      })),
    };
  }

  /** The organisation may insist that whoever writes says what they think there is. */
  private async checkDemand(
    { organisation, session, rules }: ResourceTransaction,
    subset: Subset,
    ifMatch: string | undefined,
    dryRun: boolean,
  ): Promise<void> {
    const demand = demandOf(ifMatch);
    if (demand === 'anything') return;
    if (demand === 'nothing') {
      if (!rules.requireIfMatch || dryRun) return;
      throw new CastellanError(428, 'precondition_required', 'The organisation demands an If-Match header on writes');
    }
    const tag = await this.exports.tag(organisation, subset, session);
    if (demand.includes(tag)) return;
    throw new CastellanError(412, 'version_mismatch', 'The configuration has changed since it was exported', {
      headers: { etag: exportTag(tag, 'json') },
    });
  }
}

/** The sections that an import may write to. */
const sectionsTouched = (
  sections: Readonly<Partial<Record<SectionName, readonly object[]>>>,
  prune: boolean,
): readonly SectionName[] => {
  return sectionNames.filter((name) => (sections[name]?.length ?? 0) > 0 || (prune && sections[name] !== undefined));
};

/** @throws Forbidden */
const requireRights = (context: OrganisationContext, sections: readonly SectionName[], level: Level): void => {
  const isAllowed = sections.every((section) => allows(context.user.grants, section, level));
  if (!isAllowed) throw new Forbidden(context.request.path);
};
