import { toObjectId } from '@castellan/persistence';
import type { References, ReferredApi, ReferredHook } from '../resources/references';

/** What drafts of an import refer to: what the import is about to write, and otherwise what there is. */
export class PlannedReferences implements References {
  private readonly plannedApis = new Map<string, ReferredApi>();
  private readonly plannedHooks = new Map<string, ReferredHook>();
  private readonly goneApis = new Set<string>();
  private readonly goneHooks = new Set<string>();

  constructor(private readonly stored: References) {}

  /** An API that the import writes, and the `api_id` that it had until now. */
  willBeApi(api: ReferredApi, before: string | null): void {
    if (before !== null && before !== api.apiId) this.goneApis.add(before);
    this.plannedApis.set(api.apiId, api);
  }

  willBeHook(id: string, document: string): void {
    this.plannedHooks.set(id, { _id: toObjectId(id), document });
  }

  willBeGone(kind: string, key: string): void {
    if (kind === 'api') this.goneApis.add(key);
    if (kind === 'webhook') this.goneHooks.add(key);
  }

  /** Whether it holds a copy of a web hook that the import deletes. */
  losesHook({ copies }: { readonly copies: readonly string[] }): boolean {
    return copies.some((id) => this.goneHooks.has(id));
  }

  async apis(apiIds: readonly string[]): Promise<readonly ReferredApi[]> {
    const unplanned = apiIds.filter((id) => !this.plannedApis.has(id) && !this.goneApis.has(id));
    const planned = apiIds.flatMap((id) => this.plannedApis.get(id) ?? []);
    return [...planned, ...(await this.stored.apis(unplanned))];
  }

  async webhooks(ids: readonly string[]): Promise<readonly ReferredHook[]> {
    const unplanned = ids.filter((id) => !this.plannedHooks.has(id) && !this.goneHooks.has(id));
    const planned = ids.flatMap((id) => this.plannedHooks.get(id) ?? []);
    return [...planned, ...(await this.stored.webhooks(unplanned))];
  }
}
