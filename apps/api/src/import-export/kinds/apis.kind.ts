import { Inject, Injectable } from '@nestjs/common';
import type { ClientSession, Types } from 'mongoose';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { CastellanError } from '@castellan/dto';
import {
  ApiStore,
  DuplicateKey,
  RevisionStore,
  type ApiRow,
  type Draft,
  type Head,
  type OrganisationId,
} from '@castellan/persistence';
import type { JsonObject } from '@castellan/tyk';
import { foreignVersion, versionsPath } from '../../apis/api-conflict';
import { ApisService } from '../../apis/apis.service';
import { addressOf, ClaimMap } from '../claims';
import { apiIdentityOf, portableApi, withApiIdentity } from './api-identity';
import type { Facts, Identity, Taken, Wanted } from './kind';
import { StoredKind } from './stored-kind';

/** API definitions in exports and imports. */
@Injectable()
export class ApisKind extends StoredKind<ApiRow> {
  constructor(
    service: ApisService,
    revisions: RevisionStore,
    private readonly apis: ApiStore,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {
    super({ name: 'apis', idPath: 'api_definition.id' }, service, revisions);
  }

  identityOf(wrapper: JsonObject): Identity {
    return apiIdentityOf(wrapper);
  }

  withIdentity(wrapper: JsonObject, identity: Identity, organisation: OrganisationId): JsonObject {
    return withApiIdentity(wrapper, identity, organisation);
  }

  portable(wrapper: JsonObject, organisation: OrganisationId): JsonObject {
    return portableApi(wrapper, organisation);
  }

  override admit(total: number): void {
    const { definitionsLimit } = this.config;
    if (total <= definitionsLimit) return;
    throw new CastellanError(400, 'limit_reached', `An organisation may hold ${definitionsLimit} API definitions`);
  }

  override async takenElsewhere(
    organisation: OrganisationId,
    wanted: readonly Wanted[],
    session: ClientSession,
  ): Promise<readonly Taken[]> {
    const rows = await super.takenElsewhere(organisation, wanted, session);
    const keys = wanted.map(({ key }) => key);
    const taken = await this.apis.takenElsewhere(organisation, 'apiId', keys, session);
    const listed = await this.apis.takenElsewhere(organisation, 'versionIds', keys, session);
    const apiIds = wanted
      .filter(({ key }) => taken.has(key) || listed.has(key))
      .map(({ path }): Taken => {
        const message = 'is the api_id of another API';
        return { path: `${path}.api_definition.api_id`, message, code: 'api_id_conflict', meta: null };
      });
    const addresses = new Set(wanted.flatMap(({ claims }) => claims).map(addressOf));
    const elsewhere = new ClaimMap();
    elsewhere.add('', await this.apis.claimsElsewhere(organisation, [...addresses], session));
    const paths = wanted
      .filter(({ path, claims }) => elsewhere.inTheWay(path, claims) !== null)
      .map(({ path }): Taken => {
        const message = 'is the listen path of another active API on this domain';
        return { path: `${path}.api_definition.proxy.listen_path`, message, code: 'listen_path_conflict', meta: null };
      });
    return [...rows, ...apiIds, ...paths, ...(await this.foreignVersions(organisation, wanted, session))];
  }

  private async foreignVersions(
    organisation: OrganisationId,
    wanted: readonly Wanted[],
    session: ClientSession,
  ): Promise<readonly Taken[]> {
    const all = wanted.flatMap(({ versionIds }) => versionIds);
    const foreign = await this.apis.takenElsewhere(organisation, 'apiId', all, session);
    return wanted.flatMap(({ path, versionIds }): Taken[] =>
      versionIds
        .filter((id) => foreign.has(id))
        .map((id) => ({
          path: `${path}.${versionsPath}`,
          message: foreignVersion(id),
          code: 'validation_failed',
          meta: null,
        })),
    );
  }

  override async release(
    organisation: OrganisationId,
    ids: readonly Types.ObjectId[],
    session: ClientSession,
  ): Promise<void> {
    await this.apis.releaseClaims(organisation, ids, session);
  }

  override async reclaim(
    organisation: OrganisationId,
    id: Types.ObjectId,
    facts: Pick<Facts, 'claims' | 'slug'>,
  ): Promise<boolean> {
    try {
      await this.apis.claimAgain(organisation, id, facts);
      return true;
    } catch (error) {
      if (error instanceof DuplicateKey) return false;
      throw error;
    }
  }

  protected factsOf(row: Draft<ApiRow> | Head<ApiRow>): Facts {
    const { apiId, name, tags, categories, claims = [], slugClaim = null, hookIds, versionIds = [] } = row;
    return { key: apiId, name, tags, categories, claims, slug: slugClaim, hookIds, versionIds };
  }

  protected override withoutClaims({ claims: _claims, slugClaim: _slug, ...draft }: Draft<ApiRow>): Draft<ApiRow> {
    return draft;
  }
}
