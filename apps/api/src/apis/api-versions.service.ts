import { Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { CastellanError } from '@castellan/dto';
import { ApiStore, type ApiRow } from '@castellan/persistence';
import { flagAt, textAt } from '@castellan/tyk';
import { Sights, type Asker } from '../ownership/sights';
import { isDefaultVersion, versioningOf, type Versioning } from './versions';
import { definitionOf, storedWrapper } from './wrapper';

/** Says which API the one in the body is a version of (docs/tyk/management.md#versions-of-apis). */
const baseHeader = 'x-tyk-base-api-id';

/**
 * One version of an API, as `GET /api/apis/oas/{apiId}/versions` shows it (docs/tyk/management.md#versions-of-apis).
 */
export interface VersionMeta {
  readonly id: string;
  readonly name: string;
  readonly versionName: string;
  readonly internal: boolean;
  readonly expirationDate: string;
  readonly isDefaultVersion: boolean;
}

/** What a list of versions looks for; empty texts look for nothing. */
export interface VersionSearch {
  readonly searchText: string;
  readonly accessType: 'internal' | 'external' | '';
}

/** Looks at APIs that are versions of each other. */
@Injectable()
export class ApiVersionsService {
  constructor(
    private readonly apis: ApiStore,
    private readonly sights: Sights,
  ) {}

  /**
   * The API that an id means. The `api_id` of its base, if it has one, goes into a header of the reply.
   *
   * @throws the error for an API that does not exist
   */
  async requireNamingBase(reply: FastifyReply, asker: Asker, id: string, missing: CastellanError): Promise<ApiRow> {
    const found = await this.apis.withBase(asker.organisation, id);
    if (found === null) throw missing;
    const { base } = found;
    const isSeen = base !== undefined && (await this.sights.of(asker))?.seesApi(base) !== false;
    if (isSeen) void reply.header(baseHeader, base.apiId);
    return found.row;
  }

  /** Every version of an API that is one itself, the base first. An API without versions is its only one. */
  async list(asker: Asker, row: ApiRow, search: VersionSearch): Promise<VersionMeta[]> {
    const { organisation } = asker;
    const sight = await this.sights.of(asker);
    const isSeen = (version: ApiRow): boolean => sight?.seesApi(version) !== false;
    const [base = row] = await this.apis.basesOf(organisation, row.apiId);
    const versioning = versioningOf(storedWrapper(base));
    const rows = await this.apis.findAll(organisation, { apiId: { $in: [...versioning.versions.values()] } });
    const byApiId = new Map(rows.map((version) => [version.apiId, version]));
    const children = [...versioning.versions].flatMap(([name, apiId]) => {
      const version = byApiId.get(apiId);
      return version === undefined || apiId === base.apiId || !isSeen(version)
        ? []
        : [metaOf(version, name, versioning, false)];
    });
    const first = isSeen(base) ? [metaOf(base, versioning.name, versioning, true)] : [];
    return [...first, ...children].filter((meta) => matches(meta, search));
  }
}

const metaOf = (row: ApiRow, versionName: string, versioning: Versioning, isBase: boolean): VersionMeta => {
  const definition = definitionOf(storedWrapper(row));
  return {
    id: row.apiId,
    name: row.name,
    versionName,
    internal: flagAt(definition, 'internal'),
    expirationDate: textAt(definition, 'expiration'),
    isDefaultVersion: isDefaultVersion(versioning, versionName, isBase),
  };
};

const matches = ({ versionName, internal }: VersionMeta, { searchText, accessType }: VersionSearch): boolean =>
  versionName.toLowerCase().includes(searchText.trim().toLowerCase()) &&
  (accessType === '' || internal === (accessType === 'internal'));
