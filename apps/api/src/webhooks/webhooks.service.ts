import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { Conflict, type FieldError } from '@castellan/dto';
import {
  DuplicateKey,
  WebhookStore,
  type ApiRow,
  type Draft,
  type Place,
  type UnitOfWork,
  type WebhookRow,
} from '@castellan/persistence';
import type { JsonObject } from '@castellan/tyk';
import { pageCount } from '../http/paging';
import type { SpanContext } from '../http/request-context';
import { ApisService } from '../apis/apis.service';
import { withoutHook } from '../apis/hook-references';
import { storedWrapper } from '../apis/wrapper';
import { namedTo } from '../ownership/named-to';
import type { Asker } from '../ownership/sights';
import { ResourceService } from '../resources/resource.service';
import { ResourceTools } from '../resources/resource-tools';
import { rowIdObstacles } from '../resources/row-ids';
import type { ReadScope } from '../resources/read-scope';
import type { Drafting, Obstacle, Wanted } from '../resources/wanted';
import { parseHookBody, webhookDraft } from './webhook-content';
import { webhookForm } from './webhook-form';

/**
 * Web hooks of one organisation. Nodes know them only from the definitions that refer to them, so a change of a hook
 * rewrites those in the same transaction, each with a revision of its own.
 */
@Injectable()
export class WebhooksService extends ResourceService<WebhookRow> {
  override readonly form = webhookForm;

  constructor(
    tools: ResourceTools,
    private readonly webhooks: WebhookStore,
    private readonly apis: ApisService,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {
    super(tools, webhooks, 'Could not retrieve webhook detail.');
  }

  /** The newest first. */
  async list(
    context: SpanContext,
    place: Place,
  ): Promise<{ readonly texts: readonly string[]; readonly pages: number; readonly next: string | null }> {
    const { pageSize } = this.config;
    const sort = { createdAt: -1, _id: -1 } as const;
    const { rows, total, next } = await this.webhooks.page(context.organisation, { sort, place, pageSize });
    return { texts: rows.map(({ document }) => document), pages: pageCount(total, place, pageSize), next };
  }

  /** By the id of its own, too, which goes with a hook when it moves. */
  protected override referred(
    { organisation, session }: ReadScope,
    ids: readonly string[],
  ): Promise<readonly WebhookRow[]> {
    return this.webhooks.byEitherIds(organisation, ids, session);
  }

  parse(body: unknown): JsonObject {
    return parseHookBody(body);
  }

  draft({ organisation }: ReadScope, { content, id: _id, current }: Drafting<WebhookRow>): Promise<Draft<WebhookRow>> {
    return Promise.resolve(webhookDraft({ _id, organisation, webhookId: current?.webhookId ?? '' }, content));
  }

  override check(scope: ReadScope, wanted: readonly Wanted<WebhookRow>[]): Promise<readonly Obstacle[]> {
    return rowIdObstacles(this.webhooks, scope, wanted, 'id', rowIdConflict);
  }

  /** Row ids are made here, so only one that comes back, from history or an import, can be taken. */
  protected async conflict({ fields, values }: DuplicateKey, { organisation }: Asker): Promise<Conflict> {
    if (!fields.includes('webhookId')) return rowIdConflict();
    const holder = await this.webhooks.findOne(organisation, { webhookId: String(values['webhookId']) });
    const meta = holder === null ? null : { id: holder._id.toString(), name: holder.name };
    return new Conflict('id_conflict', 'Duplicate webhook_id.', { meta });
  }

  /** What is refused may be one of the APIs that a hook's change rewrites. */
  override explain(error: unknown, asker: Asker): Promise<unknown> {
    const isOfAnApi =
      error instanceof DuplicateKey && !['_id', 'webhookId'].some((name) => error.fields.includes(name));
    return isOfAnApi ? this.apis.explain(error, asker) : super.explain(error, asker);
  }

  protected override async users(unit: UnitOfWork, hook: WebhookRow): Promise<readonly FieldError[]> {
    return namedTo(
      await unit.viewer(),
      await this.referring(unit, hook),
      ({ apiId, name }) => ({ path: `apis.${apiId}.hook_references`, message: `API "${name}" refers to the web hook` }),
      { path: 'apis', message: 'An API that is not yours refers to the web hook' },
    );
  }

  protected override async followUp(
    unit: UnitOfWork,
    before: WebhookRow | null,
    after: WebhookRow | null,
  ): Promise<void> {
    if (before === null) return;
    const id = before._id.toString();
    for (const api of await this.referring(unit, before)) {
      const wrapper = storedWrapper(api);
      await this.apis.replaceIn(unit, api, after === null ? withoutHook(wrapper, id) : wrapper);
    }
  }

  private referring({ organisation, session }: UnitOfWork, { _id }: WebhookRow): Promise<ApiRow[]> {
    return this.apis.store.findAll(organisation, { hookIds: _id.toString() }, session);
  }
}

const rowIdConflict = (): Conflict => new Conflict('id_conflict', 'Found web hook with the same ID');
