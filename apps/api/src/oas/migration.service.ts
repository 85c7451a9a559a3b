import { Injectable } from '@nestjs/common';
import { CastellanError, NotFound, ValidationFailed, type FieldError } from '@castellan/dto';
import { ApiStore, newObjectId, type ApiRow, type ChangeContext, type UnitOfWork } from '@castellan/persistence';
import { objectAt, type JsonObject } from '@castellan/tyk';
import { ApisService } from '../apis/apis.service';
import { Sights } from '../ownership/sights';
import { storedWrapper } from '../apis/wrapper';
import {
  asStaged,
  listedVersions,
  migrated,
  skipReasons,
  stagedIdOf,
  unfitFor,
  unstaged,
  type SkipReason,
} from './migration';
import type { MigrationInput, MigrationReply } from './migration.dto';

/** What became of one API. */
type Outcome =
  | { readonly skipped: SkipReason }
  | { readonly report: readonly FieldError[]; readonly stagedId?: string; readonly definition?: Definition };

interface Definition {
  readonly baseAPI: JsonObject;
  readonly versions: readonly JsonObject[];
}

/** Turns classic APIs into OAS APIs, one transaction for each (docs/tyk/management.md#migration). */
@Injectable()
export class MigrationService {
  constructor(
    private readonly apis: ApisService,
    private readonly store: ApiStore,
    private readonly sights: Sights,
  ) {}

  /** @throws ValidationFailed when it is not clear which APIs are meant */
  async migrate(context: ChangeContext, input: MigrationInput): Promise<MigrationReply> {
    const tally = new Tally();
    for (const id of await this.wanted(context, input)) {
      try {
        tally.add(id, await this.migrateOne(context, id, input));
      } catch (error) {
        if (!(error instanceof CastellanError) || error.status >= 500) throw error;
        tally.fail(id, error);
        if (input.abortOnFailure === true) return tally.reply(true);
      }
    }
    return tally.reply(false);
  }

  private async wanted(context: ChangeContext, { apiIDs, all }: MigrationInput): Promise<readonly string[]> {
    const named = apiIDs ?? [];
    if ((all === true) === named.length > 0) {
      throw new ValidationFailed([{ path: 'apiIDs', message: 'must name APIs, unless all is true' }]);
    }
    if (all !== true) return named;
    const sight = await this.sights.of(context);
    const rows = await this.store.heads(context.organisation, { isOas: false });
    return rows.filter((row) => sight?.seesApi(row) !== false).map(({ apiId }) => apiId);
  }

  private async migrateOne(context: ChangeContext, id: string, input: MigrationInput): Promise<Outcome> {
    const row = await this.apis.find(context.organisation, id, null);
    if (row === null || (await this.sights.of(context))?.seesApi(row) === false) throw new NotFound('API not found');
    if (row.isOas) return { skipped: 'already_migrated' };
    const unfit = unfitFor(storedWrapper(row));
    if (unfit !== undefined) return { skipped: unfit };
    const work = (unit: UnitOfWork): Promise<Outcome> => this.work(unit, row.apiId, input);
    if (input.mode !== 'dryRun') return this.apis.commit(context, work);
    return (await this.apis.dryRunOf(context, work)).value;
  }

  private async work(unit: UnitOfWork, apiId: string, input: MigrationInput): Promise<Outcome> {
    const row = await this.apis.require(unit.organisation, apiId, unit.session);
    if (input.mode === 'stage') return this.stage(unit, row, input.overrideStaged === true);
    if (input.mode === 'promote') return this.promote(unit, row);
    return this.replace(unit, row, input.mode === 'dryRun');
  }

  /** The OAS API takes the place of the classic one, ids included. */
  private async replace(unit: UnitOfWork, row: ApiRow, isDryRun: boolean): Promise<Outcome> {
    const { base, versions, report } = migrated(storedWrapper(row));
    const written = await this.apis.replaceIn(unit, row, this.apis.parse(base));
    const children = await this.insertAll(unit, versions);
    if (!isDryRun) return { report };
    return { report, definition: { baseAPI: documentOf(written), versions: children.map(documentOf) } };
  }

  private async stage(unit: UnitOfWork, row: ApiRow, override: boolean): Promise<Outcome> {
    const stagedId = stagedIdOf(row.apiId);
    const existing = await this.apis.find(unit.organisation, stagedId, unit.session);
    if (existing !== null && !override) return { skipped: 'already_staged' };
    if (existing !== null) await this.removeAll(unit, existing);
    const { base, versions, report } = migrated(asStaged(storedWrapper(row)));
    await this.insertAll(unit, [base, ...versions]);
    return { report, stagedId };
  }

  /** The staged copy takes the place of the classic API; its versions go with it. */
  private async promote(unit: UnitOfWork, row: ApiRow): Promise<Outcome> {
    const { organisation, session } = unit;
    const staged = await this.apis.find(organisation, stagedIdOf(row.apiId), session);
    if (staged === null) return { skipped: 'not_staged' };
    const content = unstaged(storedWrapper(staged));
    const versions = await this.versionsOf(unit, storedWrapper(staged));
    await this.apis.removeIn(unit, staged, { force: true });
    await this.apis.replaceIn(unit, row, this.apis.parse(content));
    for (const version of versions) await this.apis.replaceIn(unit, version, unstaged(storedWrapper(version)));
    return { report: [] };
  }

  private async insertAll(unit: UnitOfWork, wrappers: readonly JsonObject[]): Promise<ApiRow[]> {
    const rows: ApiRow[] = [];
    for (const wrapper of wrappers) {
      rows.push(await this.apis.insertIn(unit, this.apis.parse(wrapper), newObjectId()));
    }
    return rows;
  }

  private async removeAll(unit: UnitOfWork, base: ApiRow): Promise<void> {
    const versions = await this.versionsOf(unit, storedWrapper(base));
    for (const row of [base, ...versions]) await this.apis.removeIn(unit, row, { force: true });
  }

  private async versionsOf({ organisation, session }: UnitOfWork, wrapper: JsonObject): Promise<ApiRow[]> {
    return this.store.findAll(organisation, { apiId: { $in: listedVersions(wrapper) } }, session);
  }
}

const documentOf = (row: ApiRow): JsonObject => objectAt(storedWrapper(row), 'oas');

/** Adds up what became of each API. */
class Tally {
  private readonly apiIDs: string[] = [];
  private readonly stagedAPIs: { classicAPIID: string; oasAPIID: string }[] = [];
  private readonly definitions: (Definition & { apiID: string })[] = [];
  private readonly reports: { apiID: string; report: readonly FieldError[] }[] = [];
  private readonly errors: { apiID: string; message: string[] }[] = [];
  private readonly skipped: { apiID: string; message: string; key: SkipReason }[] = [];

  add(apiID: string, outcome: Outcome): void {
    if ('skipped' in outcome) {
      this.skipped.push({ apiID, message: skipReasons[outcome.skipped], key: outcome.skipped });
      return;
    }
    const { report, stagedId, definition } = outcome;
    this.apiIDs.push(apiID);
    if (stagedId !== undefined) this.stagedAPIs.push({ classicAPIID: apiID, oasAPIID: stagedId });
    if (definition !== undefined) this.definitions.push({ apiID, ...definition });
    if (report.length > 0) this.reports.push({ apiID, report });
  }

  fail(apiID: string, { message, errors }: CastellanError): void {
    const said = errors.map((error) => `${error.path}: ${error.message}`);
    this.errors.push({ apiID, message: said.length === 0 ? [message] : said });
  }

  reply(abortedOnFailure: boolean): MigrationReply {
    const { apiIDs, stagedAPIs, definitions, reports, errors, skipped } = this;
    return {
      success: { count: apiIDs.length, apiIDs, stagedAPIs, definitions, reports },
      failure: { count: errors.length, errors },
      skipped: { count: skipped.length, apis: skipped },
      abortedOnFailure,
    };
  }
}
