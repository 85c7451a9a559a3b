import { Injectable } from '@nestjs/common';
import { CastellanError } from '@castellan/dto';
import { ApiStore, type ApiRow, type ChangeContext, type OrganisationId } from '@castellan/persistence';
import type { Precondition } from '../http/precondition';
import { refuseOtherKind } from '../apis/api-kind';
import { ApiVersionsService, type VersionMeta, type VersionSearch } from '../apis/api-versions.service';
import { ApisService } from '../apis/apis.service';
import { versioningOf, withVersioning } from '../apis/versions';
import { storedWrapper } from '../apis/wrapper';
import type { Asker } from '../ownership/sights';
import { missingAs } from './oas-body';

/** The versions of OAS APIs (docs/tyk/management.md#versions-of-apis). */
@Injectable()
export class OasVersionsService {
  constructor(
    private readonly apis: ApisService,
    private readonly store: ApiStore,
    private readonly versions: ApiVersionsService,
  ) {}

  /** @throws CastellanError (404) */
  async list(asker: Asker, id: string, search: VersionSearch): Promise<VersionMeta[]> {
    const row = await this.apis.find(asker.organisation, id, null);
    if (row === null) throw missingAs(404, 'Could not retrieve API detail.');
    return this.versions.list(asker, row, search);
  }

  /** An OAS API, whose addresses somebody asks for. @throws CastellanError (404), and 400 for a classic one */
  async require(organisation: OrganisationId, id: string): Promise<ApiRow> {
    const row = await this.apis.find(organisation, id, null);
    if (row === null) throw missingAs(404, 'API not found');
    refuseOtherKind(row, 'oas');
    return row;
  }

  /**
   * Makes a version of an API its base: it gets the list of versions, in which the old base now stands. Every name, and
   * what callers get who name none, stays as it is.
   *
   * @param precondition what the caller demands of the base
   * @returns the old base
   * @throws CastellanError (404, 400), ValidationFailed, VersionMismatch
   */
  async rebase(context: ChangeContext, baseId: string, nextId: string, precondition: Precondition): Promise<ApiRow> {
    return this.apis.commit(context, async (unit) => {
      const { organisation, session } = unit;
      const base = await this.apis.find(organisation, baseId, session);
      if (base === null) throw missingAs(404, 'Could not retrieve current base API');
      const next = await this.apis.find(organisation, nextId, session);
      if (next === null) throw missingAs(404, 'Could not retrieve next base API');
      refuseOtherKind(base, 'oas');
      refuseOtherKind(next, 'oas');
      await unit.require(base, () => missingAs(404, 'Could not retrieve current base API'), precondition);

      const before = versioningOf(storedWrapper(base));
      const [name] = [...before.versions].find(([, apiId]) => apiId === next.apiId) ?? [];
      if (name === undefined) throw await this.refusal(organisation, base, next);
      const others = [...before.versions].filter(([other]) => other !== name);
      const after = {
        ...before,
        name,
        default: ['', 'self'].includes(before.default) ? before.name : before.default,
        versions: new Map([...others, [before.name, base.apiId]]),
      };
      const child = await this.apis.replaceIn(unit, base, withVersioning(storedWrapper(base), null));
      await this.apis.replaceIn(unit, next, withVersioning(storedWrapper(next), after));
      return child;
    });
  }

  private async refusal(organisation: OrganisationId, base: ApiRow, next: ApiRow): Promise<CastellanError> {
    const refuse = (said: string): CastellanError => new CastellanError(400, 'validation_failed', said);
    if (base.versionIds === undefined) return refuse('current-base-apiId must be a base API');
    const bases = await this.store.basesOf(organisation, next.apiId);
    if (bases.length === 0) return refuse('next-base-apiId must be a child API');
    return refuse('next-base-apiId must be a child of current-base-apiId');
  }
}
