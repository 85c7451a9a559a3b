import { Injectable } from '@nestjs/common';
import type { ApiRow, ChangeContext, OrganisationId } from '@castellan/persistence';
import type { Precondition } from '../http/precondition';
import { ApisService } from './apis.service';
import { withCategories } from './categories';

/** What stands around a definition and is not the gateways' business: its categories. */
@Injectable()
export class ApiSettingsService {
  constructor(private readonly apis: ApisService) {}

  /** @throws NotFound */
  async categories(organisation: OrganisationId, id: string): Promise<readonly string[]> {
    return (await this.apis.require(organisation, id)).categories;
  }

  /** @throws NotFound, ValidationFailed, VersionMismatch */
  async setCategories(
    context: ChangeContext,
    id: string,
    categories: readonly string[],
    precondition: Precondition,
  ): Promise<ApiRow> {
    const distinct = [...new Set(categories)];
    return this.apis.change(context, id, precondition, (wrapper) => withCategories(wrapper, distinct));
  }
}
