import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { ClientSession, Types } from 'mongoose';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { CastellanError, type Conflict } from '@castellan/dto';
import {
  ApiStore,
  RevisionStore,
  type ApiRow,
  type Draft,
  type DuplicateKey,
  type OrganisationId,
} from '@castellan/persistence';
import { isJsonObject, parseJson, type JsonObject } from '@castellan/tyk';
import { pageCount } from '../../http/paging';
import type { OrganisationContext } from '../../http/request-context';
import { ResourceService } from '../resource/resource.service';
import type { ResourceTransaction } from '../resource/resource-transaction';
import { ResourceWriter } from '../resource/resource-writer';
import { describeConflict } from './api-conflict';
import { composeWrapper, draftOf, parseApiBody, requestedApiId, type ApiIdentity } from './api-content';

/** API definitions of one organisation. */
@Injectable()
export class ApisService extends ResourceService<ApiRow> {
  constructor(
    writer: ResourceWriter,
    private readonly apis: ApiStore,
    revisions: RevisionStore,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {
    super(writer, apis, revisions, 'API not found');
  }

  async list(context: OrganisationContext, page: number | null): Promise<{ rows: readonly ApiRow[]; pages: number }> {
    const { pageSize } = this.config;
    const sort = { createdAt: -1, _id: -1 } as const;
    const { rows, total } = await this.apis.page(context.organisation, { sort, page, pageSize });
    return { rows, pages: pageCount(total, page, pageSize) };
  }

  override find(organisation: OrganisationId, id: string, session: ClientSession | null): Promise<ApiRow | null> {
    return this.apis.byEitherId(organisation, id, session);
  }

  parse(body: unknown): JsonObject {
    return parseApiBody(body);
  }

  async draft(
    transaction: ResourceTransaction,
    content: JsonObject,
    id: Types.ObjectId,
    current: ApiRow | null,
  ): Promise<Draft<ApiRow>> {
    if (current === null) await this.refuseTooMany(transaction);
    const identity: ApiIdentity = {
      _id: id,
      organisation: transaction.organisation,
      apiId: requestedApiId(content) || (current?.apiId ?? newApiId()),
    };
    const wrapper = composeWrapper(identity, content, current === null ? undefined : storedWrapper(current));
    return draftOf(identity, wrapper, transaction.rules);
  }

  protected conflict(error: DuplicateKey, organisation: OrganisationId): Promise<Conflict> {
    return describeConflict(error, organisation, this.apis);
  }

  private async refuseTooMany({ organisation, session }: ResourceTransaction): Promise<void> {
    const { definitionsLimit } = this.config;
    if ((await this.apis.count(organisation, {}, session)) < definitionsLimit) return;
    throw new CastellanError(400, 'limit_reached', `An organisation may hold ${definitionsLimit} API definitions`);
  }
}

/** 32 hex digits, as clients know them (reference 1.2). */
const newApiId = (): string => randomUUID().replaceAll('-', '');

const storedWrapper = ({ document }: ApiRow): JsonObject => {
  const wrapper = parseJson(document);
  return isJsonObject(wrapper) ? wrapper : {};
};
