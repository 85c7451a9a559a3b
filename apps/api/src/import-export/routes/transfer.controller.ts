import { Body, Controller, Headers, Inject, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { Forbidden, PreconditionRequired, StatusReply, VersionMismatch } from '@castellan/dto';
import { documentKinds } from '@castellan/persistence';
import { allows, Requires, type Level } from '@castellan/rbac';
import { LargeBody } from '../../http/large-bodies';
import { AskedFor, type Asked } from '../../http/query/query';
import { OrganisationRequest, type OrganisationContext } from '../../http/request-context';
import { json, yaml } from '../../http/media-docs';
import { Sights } from '../../ownership/sights';
import { Route } from '../../http/route';
import { readDocument, sectionNames, subsetOf } from '../document';
import { everything, ExportService, type Sees } from '../export.service';
import { ImportService } from '../import.service';
import { sectionsOf, subsetFrom, type Subset } from '../subset';
import { sectionedKind } from '../../resources/kind-rights';
import type { ReadScope } from '../../resources/read-scope';
import {
  demandOf,
  documentFrom,
  exportQuery,
  exportTag,
  formatFrom,
  importQuery,
  isKnownExport,
} from './transfer-query';
import { configurationExample } from './transfer-example';
import { ConfigurationDto, ImportListDto, ImportReply } from './transfer.dto';

@ApiTags('Import and export')
@Controller('api')
export class TransferController {
  constructor(
    private readonly exports: ExportService,
    private readonly imports: ImportService,
    private readonly sights: Sights,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {}

  @Route.get('export', {
    access: Requires('system', 'read', 'Export Configuration'),
    id: 'exportConfiguration',
    summary: 'The whole configuration as one document',
    description:
      'The same configuration gives the same document, byte for byte, whatever the installation. Needs the right to read each section that the document has: one that silently lacked a section would, with `prune`, delete it.',
    reply: ConfigurationDto,
    produces: [json, yaml],
    tagged: true,
    errors: [409],
  })
  async export(
    @OrganisationRequest() context: OrganisationContext,
    @Res() reply: FastifyReply,
    @Headers() headers: Readonly<Record<string, string | undefined>>,
    @AskedFor(exportQuery) asked: Asked<typeof exportQuery>,
  ): Promise<void> {
    const format = formatFrom(asked.format, headers['accept']);
    const subset = subsetFrom(asked.tags, asked.category);
    requireRights(context, sectionsOf(subset), 'read');
    const isKnown = (tag: string) => isKnownExport(headers['if-none-match'], tag, format);
    const sees = await this.seenBy(context);
    const { tag, text } = await this.exports.export(context.organisation, subset, { format, isKnown, sees });
    void reply.header('etag', exportTag(tag, format)).header('vary', 'accept');
    if (text === null) void reply.status(304).send();
    else void reply.header('content-type', `application/${format}; charset=utf-8`).send(text);
  }

  @Route.post('import', {
    access: Requires('system', 'write', 'Import Configuration'),
    id: 'importConfiguration',
    summary: 'Make the configuration what a document says',
    description:
      'Takes what an export gives, as JSON or YAML. Every entry is checked before anything is written. Needs the right to write each section that the document has.',
    body: ConfigurationDto,
    consumes: [json, yaml],
    example: configurationExample,
    reply: ImportReply,
    preconditioned: true,
    errors: [409],
  })
  @LargeBody()
  async import(
    @OrganisationRequest() context: OrganisationContext,
    @Body() body: unknown,
    @Headers('if-match') ifMatch: string | undefined,
    @AskedFor(importQuery) { dryRun, prune, tags, category }: Asked<typeof importQuery>,
  ): Promise<StatusReply> {
    const asked = subsetFrom(tags, category);
    const document = readDocument(await documentFrom(body, this.config.bodyLimit));
    const subset = subsetOf(asked, document.subset);
    const touched = sectionsTouched(document.sections, prune);
    requireRights(context, touched, 'write');

    const precondition = (scope: ReadScope) => this.checkDemand(scope, subset, ifMatch, dryRun);
    const request = { document, subset, prune, mayMakeIds: false };
    const { id, counts, resources } = await this.imports.import(context, request, { dryRun, precondition });
    const said = dryRun ? 'Dry run: nothing was written' : 'Configuration imported';
    return new StatusReply(said, { dry_run: dryRun, import: id, counts, resources });
  }

  @Route.get('import', {
    access: Requires('system', 'read', 'List Imports'),
    id: 'listImports',
    summary: 'The last imports that were made in batches, and how far they are',
    description: 'An import that fits into one transaction is not among them.',
    reply: ImportListDto,
  })
  async list(@OrganisationRequest() { organisation }: OrganisationContext): Promise<ImportListDto> {
    const rows = await this.imports.latest(organisation);
    return {
      imports: rows.map(({ _id, state, ends, made, counts, refusal, createdAt, finishedAt }) => ({
        id: _id.toString(),
        state,
        steps: ends.at(-1) ?? 0,
        made,
        counts: {
          create: counts['create'] ?? 0,
          update: counts['update'] ?? counts['change'] ?? 0,
          delete: counts['delete'] ?? 0,
          unchanged: counts['unchanged'] ?? 0,
        },
        refusal: refusal === null ? null : { code: refusal.code, message: refusal.message, errors: refusal.errors },
        created_at: createdAt.toISOString(),
        finished_at: finishedAt?.toISOString() ?? null,
      })),
    };
  }

  /** An export has what the caller sees; keys of other sections are nobody's secret. */
  private async seenBy(context: OrganisationContext): Promise<Sees> {
    const sight = await this.sights.of(context);
    const hidden = await this.sights.hiddenKeys(context);
    if (sight === null || hidden === null) return everything;
    const policyIds = new Set(hidden.policyIds);
    return (section, key) =>
      !(section === 'apis' && sight.hiddenApiIds.has(key)) && !(section === 'policies' && policyIds.has(key));
  }

  /** The organisation may insist that whoever writes says what they think there is. */
  private async checkDemand(
    scope: ReadScope,
    subset: Subset,
    ifMatch: string | undefined,
    dryRun: boolean,
  ): Promise<void> {
    const demand = demandOf(ifMatch);
    if (demand === 'anything') return;
    if (demand === 'nothing') {
      if (dryRun || !(await scope.rules()).requireIfMatch) return;
      throw new PreconditionRequired();
    }
    const tag = await this.exports.tag(scope.organisation, subset, scope.session);
    if (demand.includes(tag)) return;
    throw new VersionMismatch('The configuration has changed since it was exported', {
      headers: { etag: exportTag(tag, 'json') },
    });
  }
}

/** The sections that an import may write to. */
const sectionsTouched = (
  sections: Readonly<Partial<Record<string, readonly object[]>>>,
  prune: boolean,
): readonly string[] => {
  return sectionNames().filter((name) => (sections[name]?.length ?? 0) > 0 || (prune && sections[name] !== undefined));
};

/** @throws Forbidden */
const requireRights = (context: OrganisationContext, sections: readonly string[], level: Level): void => {
  const isAllowed = documentKinds()
    .filter(({ documents }) => sections.includes(documents.section))
    .every(({ name }) => allows(context.user.grants, sectionedKind(name).section, level));
  if (!isAllowed) throw new Forbidden(context.request.path);
};
