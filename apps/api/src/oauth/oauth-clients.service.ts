import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { CastellanError, Conflict, NotFound, Unavailable, ValidationFailed } from '@castellan/dto';
import { OAuthVault, type ClientToken } from '@castellan/keys';
import { Clock, LOGGER, type Logger } from '@castellan/observability';
import {
  ApiStore,
  ChoreStore,
  DuplicateKey,
  newObjectId,
  OAuthClientStore,
  PolicyStore,
  type ApiRow,
  type OAuthClientRow,
  type OrganisationId,
  type Page,
  type Place,
  type UnitOfWork,
} from '@castellan/persistence';
import { flagAt, objectAt, parseJson, readClient, REDACTED } from '@castellan/tyk';
import { definitionOf, storedWrapper } from '../apis/wrapper';
import { ChoreRunner } from '../chores/chore-runner';
import { isOutage } from '../http/outage';
import type { Precondition } from '../http/precondition';
import type { OrganisationContext } from '../http/request-context';
import { digestOf } from '../keys/key-places';
import { ResourceTools } from '../resources/resource-tools';
import {
  changed,
  clientDraft,
  newClientId,
  newSecret,
  nodeText,
  parseClient,
  storedClient,
  type Client,
} from './oauth-client-content';
import { OAuthTokens } from './oauth-tokens';

/** A client whose secret is known now, and not later. */
export interface IssuedClient {
  readonly row: OAuthClientRow;
  readonly secret: string;
}

/** A client of an API, as a path names it. */
export interface NamedClient {
  readonly apiId: string;
  readonly clientId: string;
}

/** As many as an API may have. */
const mostClients = 10_000;

/** OAuth clients of one organisation. */
@Injectable()
export class OAuthClientsService {
  constructor(
    private readonly tools: ResourceTools,
    private readonly clients: OAuthClientStore,
    private readonly apis: ApiStore,
    private readonly policies: PolicyStore,
    private readonly chores: ChoreStore,
    private readonly vault: OAuthVault,
    private readonly runner: ChoreRunner,
    private readonly tokens: OAuthTokens,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: ApiConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    tools.stores.add(clients);
  }

  /** @throws ValidationFailed, Conflict when the API has such a client, Unavailable when nodes' Redis is */
  async create(context: OrganisationContext, apiId: string, body: unknown): Promise<IssuedClient> {
    const content = parseClient(body, this.config.oauthRedirectSeparator);
    const api = await this.requireApi(context.organisation, apiId);
    if (content.redirectUri === null) throw new ValidationFailed([{ path: 'redirect_uri', message: 'is required' }]);
    const secret = content.secret === null || content.secret === '' ? newSecret() : content.secret;
    if (secret === REDACTED) throw new ValidationFailed([{ path: 'secret', message: 'is what stands for a secret' }]);
    const blank = { clientId: content.clientId || newClientId(), secret, redirectUri: '', policyId: '' };
    const secretSince = this.clock.now().toISOString();
    const client = changed({ ...blank, description: '', metadata: null, name: '', secretSince }, content);
    await this.runner.requireRedis();
    try {
      const row = await this.tools.recorder.commit(context, async (unit) => {
        await unit.rules();
        const said = `An organisation may hold ${mostClients} OAuth clients`;
        const refuse = (): Error => new CastellanError(400, 'limit_reached', said);
        unit.limit('oauth_client', { most: mostClients, refuse });
        await this.requirePolicy(unit, api, client);
        await this.requireFree(unit, api.apiId, client.clientId);
        const inserted = await this.clients.insert(unit, clientDraft(newObjectId(), api.apiId, client));
        await this.notePut(unit, api.apiId, client);
        return inserted;
      });
      await this.runner.doNow('oauth.put', [row.apiId, row.clientId]);
      return { row, secret };
    } catch (error) {
      throw error instanceof DuplicateKey ? taken() : error;
    }
  }

  /** Changes what a body names; id and secret stay. @throws NotFound, ValidationFailed, VersionMismatch, Unavailable */
  async update(
    context: OrganisationContext,
    named: NamedClient,
    body: unknown,
    precondition: Precondition,
  ): Promise<OAuthClientRow> {
    const content = parseClient(body, this.config.oauthRedirectSeparator);
    for (const [path, sent, is] of [
      ['client_id', content.clientId, named.clientId],
      ['secret', content.secret === '' ? null : content.secret, REDACTED],
    ] as const) {
      if (sent !== null && sent !== is) throw new ValidationFailed([{ path, message: unchangeable }]);
    }
    return this.change(context, named, precondition, (client) => changed(client, content));
  }

  /** Gives a client a new secret; tokens that it has go on. @throws NotFound, VersionMismatch, Unavailable */
  async rotate(context: OrganisationContext, named: NamedClient, precondition: Precondition): Promise<IssuedClient> {
    const fresh = { secret: newSecret(), secretSince: this.clock.now().toISOString() };
    const row = await this.change(context, named, precondition, (client) => ({ ...client, ...fresh }), true);
    return { row, secret: fresh.secret };
  }

  /** Deletes a client, and ends its tokens. @throws NotFound, VersionMismatch, Unavailable */
  async remove(context: OrganisationContext, named: NamedClient, precondition: Precondition): Promise<void> {
    const { apiId, clientId } = await this.require(context.organisation, named);
    await this.runner.requireRedis();
    await this.tools.recorder.commit(context, async (unit) => {
      const found = await this.clients.byClientId(unit.organisation, apiId, clientId, unit.session);
      await this.clients.remove(unit, await unit.require(found, missing, precondition));
    });
    await this.runner.doNow('oauth.remove', [apiId, clientId]);
  }

  /** @throws NotFound */
  async require(organisation: OrganisationId, named: NamedClient): Promise<OAuthClientRow> {
    return (await this.withApi(organisation, named)).client;
  }

  /** A client, and the API that it is of. @throws NotFound */
  private async withApi(
    organisation: OrganisationId,
    { apiId, clientId }: NamedClient,
  ): Promise<{ readonly api: ApiRow; readonly client: OAuthClientRow }> {
    const api = await this.requireApi(organisation, apiId);
    const found = await this.clients.byClientId(organisation, api.apiId, clientId);
    if (found !== null) return { api, client: found };
    await this.adopt(organisation, api.apiId);
    const adopted = await this.clients.byClientId(organisation, api.apiId, clientId);
    if (adopted === null) throw missing();
    return { api, client: adopted };
  }

  async page(organisation: OrganisationId, apiId: string, place: Place): Promise<Page<OAuthClientRow>> {
    const api = await this.requireApi(organisation, apiId);
    await this.adopt(organisation, api.apiId);
    const { pageSize } = this.config;
    return this.clients.page(organisation, {
      filter: { apiId: api.apiId },
      ...{ sort: { createdAt: 1, _id: 1 }, place, pageSize },
    });
  }

  get pageSize(): number {
    return this.config.pageSize;
  }

  /** A client's tokens that have not ended, the first to end first, and how many there are. */
  async tokensOf(
    organisation: OrganisationId,
    named: NamedClient,
    { skip, most }: { readonly skip: number; readonly most: number },
  ): Promise<{ readonly tokens: readonly ClientToken[]; readonly total: number }> {
    const { apiId, clientId } = await this.require(organisation, named);
    return this.reaching(async () => {
      const now = Math.floor(this.clock.millis() / 1_000);
      const [tokens, total] = await Promise.all([
        this.vault.tokens(apiId, clientId, now, skip, most),
        this.vault.countTokens(apiId, clientId, now),
      ]);
      return { tokens: tokens.map((token) => ({ ...token, hash: digestOf(token.hash) })), total };
    });
  }

  /** Ends one token of a client, by its hash or by itself. @throws NotFound, Unavailable */
  async revoke(
    context: OrganisationContext,
    named: NamedClient,
    code: string,
    hashes: readonly string[],
  ): Promise<void> {
    const { apiId, clientId } = await this.require(context.organisation, named);
    await this.reaching(async () => {
      for (const hash of [code, ...hashes]) {
        if (!(await this.vault.hasToken(apiId, clientId, hash))) continue;
        await this.tokens.end(context.organisation, apiId, clientId, hash);
        return this.recordAct(context);
      }
      throw new NotFound('Could not retrieve tokens.');
    });
  }

  /** Ends all tokens of a client, which stays. @throws NotFound, Unavailable */
  async revokeAll(context: OrganisationContext, named: NamedClient): Promise<void> {
    const { apiId, clientId } = await this.require(context.organisation, named);
    return this.reaching(async () => {
      await this.tokens.endOfClient(context.organisation, apiId, clientId);
      await this.recordAct(context);
    });
  }

  /** Tokens are no configuration, but who ended them has to be known afterwards. */
  private recordAct(context: OrganisationContext): Promise<void> {
    return this.tools.recorder.recordAct(context);
  }

  private async change(
    context: OrganisationContext,
    named: NamedClient,
    precondition: Precondition,
    edit: (client: Client) => Client,
    givesSecret = false,
  ): Promise<OAuthClientRow> {
    const { api, client: found } = await this.withApi(context.organisation, named);
    const { apiId, clientId } = found;
    await this.runner.requireRedis();
    const row = await this.tools.recorder.commit(context, async (unit) => {
      const row = await this.clients.byClientId(unit.organisation, apiId, clientId, unit.session);
      const current = await unit.require(row, missing, precondition);
      const secret = await this.secretOf(current);
      if (secret === null && !givesSecret) throw new Conflict('id_conflict', lost);
      const client = edit(storedClient(current, secret ?? ''));
      await this.requirePolicy(unit, api, client);
      const replaced = await this.clients.replace(unit, current, clientDraft(current._id, apiId, client));
      await this.notePut(unit, apiId, client);
      return replaced;
    });
    await this.runner.doNow('oauth.put', [apiId, clientId]);
    return row;
  }

  /** The secret as nodes have it, or are to have it; null when Redis has lost it. */
  private async secretOf({ apiId, clientId }: OAuthClientRow): Promise<string | null> {
    const chore = await this.chores.about('oauth.put', [apiId, clientId]);
    const text = chore?.text ?? (await this.vault.readClient(apiId, clientId));
    return text === null ? null : (readClient(text)?.secret ?? null);
  }

  private async notePut(unit: UnitOfWork, apiId: string, client: Client): Promise<void> {
    const chore = { job: 'oauth.put', about: [apiId, client.clientId], text: nodeText(client) } as const;
    await this.chores.note(unit.organisation, chore, unit.at, unit.session);
  }

  /** A client that is still being taken out of Redis would have tokens of the one before it. */
  private async requireFree(unit: UnitOfWork, apiId: string, clientId: string): Promise<void> {
    const [existing, leaving, cleared] = await Promise.all([
      this.clients.byClientId(unit.organisation, apiId, clientId, unit.session),
      this.chores.about('oauth.remove', [apiId, clientId], unit.session),
      this.chores.about('oauth.clear', [apiId], unit.session),
    ]);
    if (existing !== null || cleared !== null || leaving?.job === 'oauth.remove') throw taken();
    if ((await this.vault.readClient(apiId, clientId)) !== null) throw taken();
  }

  /** @throws ValidationFailed unless the policy opens the API, which gateways demand of every token */
  private async requirePolicy(unit: UnitOfWork, { apiId }: ApiRow, { policyId }: Client): Promise<void> {
    if (policyId === '') return;
    const refuse = (message: string): never => {
      throw new ValidationFailed([{ path: 'policy_id', message }]);
    };
    const policy = await this.policies.byEitherId(unit.organisation, policyId, unit.session);
    const sight = await this.tools.sights.of(unit.context);
    if (policy === null || sight?.seesPolicy(policy) === false) return refuse('names no policy of the organisation');
    const rights = objectAt(parseJson(policy.document), 'access_rights');
    if (!Object.hasOwn(rights, apiId)) refuse('names a policy without a right to the API');
  }

  /** @throws CastellanError (400) in the words of the original, for an API of another organisation, too */
  private async requireApi(organisation: OrganisationId, id: string): Promise<ApiRow> {
    const api = await this.apis.byEitherId(organisation, id, null);
    if (api === null) throw new CastellanError(400, 'validation_failed', 'API Reference not found.');
    if (!flagAt(definitionOf(storedWrapper(api)), 'use_oauth2')) {
      throw new ValidationFailed([{ path: 'apiId', message: 'names an API that does not use OAuth 2.0' }]);
    }
    return api;
  }

  /** Notes clients that nodes were given by their own API. While Redis is away, what is known has to do. */
  private async adopt(organisation: OrganisationId, apiId: string): Promise<void> {
    try {
      const listed = await this.vault.listed(organisation, apiId, mostClients);
      if (listed.length === 0) return;
      const known = await this.clients.findAll(organisation, { apiId, clientId: { $in: [...listed] } });
      const names = new Set(known.map(({ clientId }) => clientId));
      for (const clientId of listed) if (!names.has(clientId)) await this.adoptOne(organisation, apiId, clientId);
    } catch (error) {
      if (!isOutage(error)) throw error;
      this.logger.warn({ err: error }, 'The Redis of the nodes cannot be asked for OAuth clients');
    }
  }

  private async adoptOne(organisation: OrganisationId, apiId: string, clientId: string): Promise<void> {
    if ((await this.chores.about('oauth.remove', [apiId, clientId])) !== null) return;
    const client = readClient((await this.vault.readClient(apiId, clientId)) ?? '');
    if (client?.clientId !== clientId) return;
    const draft = clientDraft(newObjectId(), apiId, { ...client, name: '', secretSince: '' });
    await this.clients.adopt(organisation, draft, this.clock.now());
  }

  private async reaching<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw isOutage(error) ? new Unavailable('The Redis of the nodes', error) : error;
    }
  }
}

const unchangeable = 'cannot be changed; make another client, or rotate the secret';
const lost = 'The Redis of the gateways has lost the client with its secret; rotate the secret to bring it back';

/** In the words of the original. */
const missing = (): NotFound => new NotFound('Could not retrieve app detail.');
const taken = (): Conflict =>
  new Conflict('id_conflict', 'The API has a client with this id, or one that is being deleted');
