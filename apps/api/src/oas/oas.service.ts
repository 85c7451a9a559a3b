import { Injectable } from '@nestjs/common';
import { CastellanError, ValidationFailed, type FieldError } from '@castellan/dto';
import type { ApiRow, Change, ChangeContext, OrganisationId } from '@castellan/persistence';
import { objectAt, type ImportOptions, type ImportResult, type JsonObject } from '@castellan/tyk';
import type { Precondition } from '../http/precondition';
import { refuseOtherKind } from '../apis/api-kind';
import { documentPath } from '../apis/document-paths';
import { mcpMark } from '../apis/definition-facts';
import { ApisService } from '../apis/apis.service';
import type { VersionLink } from '../apis/versions';
import { storedWrapper } from '../apis/wrapper';
import { checkAhead, importDocument, lostOnNodes, patchDocument, problemsOfOas } from '../threads/document-checks';
import { refuseOnMcp, refuseOtherSort, type OasSort } from './mcp';
import { asDocument, missingAs, refuseExtension, refuseProblems, requireExtension } from './oas-body';

/** An API that was written, and what of its document nodes do not do. */
export interface Written {
  readonly row: ApiRow;
  readonly notes: readonly FieldError[];
}

/** A document that an import would create. */
export interface Imported {
  readonly oas: JsonObject;
  readonly notes: readonly FieldError[];
}

/** OAS APIs of one organisation: the same rows as classic ones, written and read as documents. */
@Injectable()
export class OasService {
  constructor(private readonly apis: ApisService) {}

  /** @throws CastellanError (400) for an API that does not exist, as clients know it, or is no OAS API */
  async get(
    organisation: OrganisationId,
    id: string,
    missing: CastellanError,
  ): Promise<{ row: ApiRow; oas: JsonObject }> {
    const row = await this.find(organisation, id, missing);
    return { row, oas: this.documentOf(row) };
  }

  /** The document of an OAS API. @throws CastellanError (400) for a classic one */
  documentOf(row: ApiRow): JsonObject {
    if (row.isOas) return documentOf(row);
    const said = 'the requested API definition is in Tyk classic format, please use old api endpoint';
    throw new CastellanError(400, 'validation_failed', said);
  }

  /** @throws ValidationFailed, Conflict */
  async create(
    context: ChangeContext,
    document: JsonObject,
    link: VersionLink | null,
    sort: OasSort = 'any',
  ): Promise<Written> {
    requireExtension(document);
    if (sort === 'mcp') refuseOnMcp(document);
    // The mark stands in the classic definition, whose fields without a counterpart in the document stay.
    const mark = sort === 'mcp' ? { api_definition: { is_oas: true, ...mcpMark } } : {};
    const row = await asDocument(() => this.apis.create(context, { oas: document, ...mark }, link));
    return { row, notes: await this.notesOn(row) };
  }

  /** @throws CastellanError (404), ValidationFailed, Conflict, VersionMismatch */
  async update(
    context: ChangeContext,
    id: string,
    document: JsonObject,
    precondition: Precondition,
    sort: OasSort = 'any',
  ): Promise<Written> {
    requireExtension(document);
    if (sort === 'mcp') refuseOnMcp(document);
    const demand = demandOas(sort, missingAs(404, 'API definition does not exist'));
    try {
      const row = await asDocument(() => this.apis.update(context, id, { oas: document }, precondition, demand));
      return { row, notes: await this.notesOn(row) };
    } catch (error) {
      // What is wrong about a document is said only where there is an API that it is for.
      if (error instanceof ValidationFailed) demand(await this.apis.find(context.organisation, id, null));
      throw error;
    }
  }

  /** Replaces the OpenAPI part, and what the options ask for. @throws as {@link update} */
  async patch(
    context: ChangeContext,
    id: string,
    document: JsonObject,
    options: ImportOptions,
    precondition: Precondition,
    sort: OasSort = 'any',
  ): Promise<Written> {
    const demand = demandOas(sort, missingAs(404, 'API not found.'));
    const notes: FieldError[] = [];
    const edit = async (wrapper: JsonObject): Promise<JsonObject> => {
      const patched = accepted(await patchDocument(objectAt(wrapper, 'oas'), document, options));
      notes.splice(0, notes.length, ...patched.notes);
      return { ...wrapper, oas: patched.oas };
    };
    const row = await asDocument(() => this.apis.change(context, id, precondition, edit, demand));
    return { row, notes: [...notes, ...(await this.notesOn(row))] };
  }

  /** @param purge whether the versions of the API go with it @throws CastellanError (404), VersionMismatch */
  async remove(
    context: ChangeContext,
    id: string,
    purge: boolean,
    precondition: Precondition,
    sort: OasSort = 'any',
  ): Promise<void> {
    const row = await this.find(context.organisation, id, missingAs(404, 'Could not retrieve API detail.'));
    refuseOtherKind(row, 'oas');
    refuseOtherSort(row, sort);
    if (purge) await this.apis.removeWithVersions(context, id, precondition);
    else await this.apis.remove(context, id, precondition);
  }

  /** @throws ValidationFailed, Conflict */
  async import(
    context: ChangeContext,
    document: JsonObject,
    options: ImportOptions,
    link: VersionLink | null,
  ): Promise<Written> {
    const { oas, notes } = await this.read(document, options);
    const row = await asDocument(() => this.apis.create(context, { oas }, link));
    return { row, notes: [...notes, ...(await this.notesOn(row))] };
  }

  /**
   * What an import would create.
   *
   * @param extended an OAS API whose OpenAPI part the document is to become, if there is one
   * @throws ValidationFailed
   */
  private async read(document: JsonObject, options: ImportOptions, extended?: JsonObject): Promise<Imported> {
    refuseExtension(document);
    if (Object.keys(document).join() === 'url') {
      throw new ValidationFailed([{ path: 'url', message: 'is not fetched; send the document itself' }]);
    }
    if (extended === undefined) return accepted(await importDocument(document, options));
    await checkAhead(extended, 'checkOas');
    refuseProblems(problemsOfOas(extended).map(({ path, message }) => ({ path: `tyk_oas.${path}`, message })));
    return accepted(await patchDocument(extended, document, options));
  }

  /** What an import or a patch would make, with the notes that it would give. @throws ValidationFailed */
  async preview(document: JsonObject, options: ImportOptions, extended?: JsonObject): Promise<Imported> {
    const { oas, notes } = await this.read(document, options, extended);
    return { oas, notes: [...notes, ...(await lostOnNodes(oas))] };
  }

  /** Everything that a write would check, and nothing written. @throws ValidationFailed, Conflict, NotFound */
  async dryRun(context: ChangeContext, document: JsonObject, id?: string): Promise<readonly Change[]> {
    requireExtension(document);
    if (id !== undefined) refuseOtherKind(await this.apis.require(context.organisation, id), 'oas');
    return asDocument(() => this.apis.dryRun(context, { oas: document }, id));
  }

  private async find(organisation: OrganisationId, id: string, missing: CastellanError): Promise<ApiRow> {
    const row = await this.apis.find(organisation, id, null);
    if (row === null) throw missing;
    return row;
  }

  private async notesOn(row: ApiRow): Promise<readonly FieldError[]> {
    const notes = await this.apis.notesOf(row);
    return [
      ...(await lostOnNodes(documentOf(row))),
      ...notes.map(({ path, message }) => ({ path: documentPath(path), message })),
    ];
  }
}

/** For changes of OAS APIs. @throws the error for a missing one, CastellanError (400) for another kind or sort */
const demandOas =
  (sort: OasSort, missing: CastellanError) =>
  (row: ApiRow | null): void => {
    if (row === null) throw missing;
    refuseOtherSort(row, sort);
    refuseOtherKind(row, 'oas');
  };

/** The document as it is stored. */
const documentOf = (row: ApiRow): JsonObject => objectAt(storedWrapper(row), 'oas');

const accepted = (result: ImportResult): Imported => {
  if (result.ok) return result;
  refuseProblems(result.problems);
  throw new TypeError('A document was refused without a reason');
};
