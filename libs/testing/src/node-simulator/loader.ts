import type { NodeContext } from './context';
import type { DashboardReply } from './dashboard-client';
import { type ApisReply, decodeApis, decodePolicies, type JsonObject, type NodeApi, UndecodableReply } from './decode';
import type { FetchedResource } from './events';
import { NodeStopped, reasonOf } from './lifecycle';
import { RouteTable } from './routes';

export interface LoaderCallbacks {
  readonly logInAgain: (reason: string) => Promise<void>;
  /** @param thenReload see DashboardSession.register */
  readonly register: (thenReload: boolean) => Promise<void>;
}

/** A fetch that failed; the reload it belongs to is over, or goes on without it. */
class FetchFailed extends Error {}

/** Texts of a 403 that newer gateways recover from (docs/tyk/nodes.md#refusals-and-recovery). */
const recoverable = ['Nonce failed', 'nonce', 'No node ID Found'];

/** Whether a newer generation registers again over a reply; every failure to get one is of the network here. */
const needsRecovery = (reply: DashboardReply | Error): boolean =>
  reply instanceof Error || (reply.status === 403 && recoverable.some((text) => reply.body.includes(text)));

/**
 * The configuration a node has loaded, and the reload that replaces it: policies first, then APIs. What was loaded
 * last stays until a complete new list has been decoded; an empty list counts as one.
 */
export class ConfigurationLoader {
  /** By api_id. */
  readonly apis = new Map<string, NodeApi>();
  /** By the id the node uses. */
  readonly policies = new Map<string, JsonObject>();
  /** The last `/system/apis` body that was decoded, as text. */
  rawApisBody = '';
  routes: RouteTable;

  constructor(
    private readonly context: NodeContext,
    private readonly callbacks: LoaderCallbacks,
  ) {
    this.routes = new RouteTable([], context.settings.customDomains);
  }

  /**
   * One reload. Answers whether the whole of it succeeded; on false the node goes on with what it had.
   *
   * @throws NodeStopped
   */
  async reload(reasons: readonly string[]): Promise<boolean> {
    const { log } = this.context;
    log({ type: 'reload-started', reasons });
    try {
      await this.loadPolicies();
      await this.loadApis();
    } catch (error) {
      if (!(error instanceof FetchFailed)) throw error;
      log({ type: 'reload-failed', reasons, reason: error.message });
      return false;
    }
    log({ type: 'reload-finished', reasons, apis: this.apis.size, policies: this.policies.size });
    return true;
  }

  private async loadPolicies(): Promise<void> {
    const { behaviour } = this.context.settings;
    try {
      await this.fetchPolicies();
    } catch (error) {
      if (!(error instanceof FetchFailed) || behaviour.policyErrorsAbortReload) throw error;
    }
  }

  private async fetchPolicies(): Promise<void> {
    const { identity, settings } = this.context;
    const reply = await this.fetch('policies');
    // 3.x looks for a 403 only, and tries to decode the body of any other error.
    const refused = settings.behaviour.policyErrorsAbortReload ? reply.status !== 200 : reply.status === 403;
    if (refused) await this.giveUp('policies', reply);
    const { policies, nonce } = this.decode('policies', () =>
      decodePolicies(reply.body, settings.allowExplicitPolicyId),
    );
    identity.nonce = nonce;
    if (policies.size === 0 && settings.behaviour.keepsPoliciesOnEmptyList) return;
    this.policies.clear();
    for (const [id, policy] of policies) this.policies.set(id, policy);
  }

  private async loadApis(): Promise<void> {
    const reply = await this.fetch('apis');
    if (reply.status !== 200) await this.giveUp('apis', reply);
    const decoded = this.decode('apis', () => decodeApis(reply.body));
    this.context.identity.nonce = decoded.nonce;
    this.apply(decoded);
    this.rawApisBody = reply.body;
  }

  private apply({ apis }: ApisReply): void {
    const wanted = apis.filter((api) => this.isForThisNode(api));
    this.apis.clear();
    for (const api of wanted) this.apis.set(api.apiId, api);
    this.routes = new RouteTable(this.apis.values(), this.context.settings.customDomains, this.routes);
  }

  private isForThisNode(api: NodeApi): boolean {
    const { segmented, tags, behaviour } = this.context.settings;
    if (!segmented) return true;
    if (behaviour.honoursTagsDisabled && api.tagsDisabled) return false;
    return api.tags.some((tag) => tags.includes(tag));
  }

  /** @throws FetchFailed when the dashboard cannot be reached */
  private async fetch(resource: FetchedResource): Promise<DashboardReply> {
    const reply = await this.ask(resource);
    const { recoversFetch } = this.context.settings.behaviour;
    if (recoversFetch === 'no' || !needsRecovery(reply)) return this.answered(resource, reply);
    if (recoversFetch === 'deadlock') {
      this.context.log({ type: 'reload-stuck', reason: `${resource} was refused and the registration reloads, too` });
    }
    try {
      await this.callbacks.register(recoversFetch === 'deadlock');
    } catch (error) {
      if (error instanceof UndecodableReply) return this.answered(resource, reply);
      throw error;
    }
    return this.answered(resource, await this.ask(resource));
  }

  /** The reply, or why there is none. */
  private async ask(resource: FetchedResource): Promise<DashboardReply | Error> {
    const { client, log } = this.context;
    log({ type: 'fetch-started', resource });
    try {
      const reply = await client.call(resource);
      if (reply.status === 403) log({ type: 'nonce-failed', call: resource, body: reply.body });
      log({ type: 'fetch-finished', resource, status: reply.status });
      return reply;
    } catch (error) {
      if (error instanceof NodeStopped) throw error;
      return new Error(reasonOf(error));
    }
  }

  private answered(resource: FetchedResource, reply: DashboardReply | Error): DashboardReply {
    return reply instanceof Error ? this.fail(resource, reply.message) : reply;
  }

  private async giveUp(resource: FetchedResource, { status, body }: DashboardReply): Promise<never> {
    const reason = `status ${status}: ${body}`;
    if (this.context.settings.behaviour.logsInAgainOnFetchError) {
      await this.callbacks.logInAgain(`${resource} answered ${status}`);
    }
    return this.fail(resource, reason);
  }

  private decode<T>(resource: FetchedResource, decoder: () => T): T {
    try {
      return decoder();
    } catch (error) {
      if (!(error instanceof UndecodableReply)) throw error;
      this.context.log({ type: 'undecodable', call: resource, reason: error.message });
      return this.fail(resource, error.message);
    }
  }

  private fail(resource: FetchedResource, reason: string): never {
    this.context.log({ type: 'fetch-failed', resource, reason });
    throw new FetchFailed(`${resource}: ${reason}`);
  }
}
