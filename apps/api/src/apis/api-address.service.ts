import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { ApiStore, type ApiRow, type OrganisationId } from '@castellan/persistence';
import { flagAt, type UrlComponents } from '@castellan/tyk';
import { addressOf, componentsOf, hostOf, versionPlace } from './api-address';
import { isDefaultVersion, versioningOf } from './versions';
import { definitionOf, storedWrapper } from './wrapper';

/** Says where APIs answer. */
@Injectable()
export class ApiAddressService {
  constructor(
    private readonly apis: ApiStore,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {}

  /** The one address of an API by itself. */
  url(row: ApiRow): { readonly ApiURL: string; readonly BasePath: string; readonly Host: string } {
    const address = addressOf(definitionOf(storedWrapper(row)), this.config.gatewayUrl);
    const host = hostOf(address);
    return { ApiURL: `${address.protocol}://${host}${address.listenPath}`, BasePath: address.listenPath, Host: host };
  }

  /**
   * Every address of an API: by the name of its version first, without one where it is the default, and at its own place
   * where a version has one that is open to callers.
   */
  async urls(organisation: OrganisationId, row: ApiRow): Promise<readonly UrlComponents[]> {
    const [base = row] = await this.apis.basesOf(organisation, row.apiId);
    const versioning = versioningOf(storedWrapper(base));
    const isBase = base.apiId === row.apiId;
    const definition = definitionOf(storedWrapper(row));
    const own = componentsOf(addressOf(definition, this.config.gatewayUrl));
    const name = isBase
      ? versioning.name
      : ([...versioning.versions].find(([, apiId]) => apiId === row.apiId)?.[0] ?? '');
    if (name === '' || !flagAt(versioning.rest, 'enabled')) return [own];

    const address = addressOf(definitionOf(storedWrapper(base)), this.config.gatewayUrl);
    const byName = componentsOf(address, versionPlace(versioning, name));
    const unnamed = isDefaultVersion(versioning, name, isBase) ? [componentsOf(address)] : [];
    return [byName, ...unnamed, ...(isBase || flagAt(definition, 'internal') ? [] : [own])];
  }
}
