import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type ApiConfig } from '@castellan/config';
import type { ClientSession } from 'mongoose';
import { CastellanError, Conflict, NotFound, Unavailable, ValidationFailed } from '@castellan/dto';
import { OAuthVault } from '@castellan/keys';
import { Clock, LOGGER, type Logger } from '@castellan/observability';
import {
  ApiStore,
  ChoreStore,
  newObjectId,
  OAuthClientStore,
  PolicyStore,
  type ApiRow,
  type Draft,
  type OAuthClientRow,
  type Operation,
  type OrganisationId,
  type Page,
  type Place,
  type UnitOfWork,
} from '@castellan/persistence';
import {
  flagAt,
  isJsonObject,
  objectAt,
  parseJson,
  readClient,
  REDACTED,
  textAt,
  type JsonObject,
  type JsonValue,
} from '@castellan/tyk';
import { definitionOf, storedWrapper } from '../apis/wrapper';
import { ChoreRunner } from '../chores/chore-runner';
import { RedisChanges } from '../chores/redis-changes';
import { isOutage } from '../http/outage';
import type { Precondition } from '../http/precondition';
import type { OrganisationContext } from '../http/request-context';
import type { ReadScope } from '../resources/read-scope';
import { ResourceService } from '../resources/resource.service';
import { ResourceTools } from '../resources/resource-tools';
import type { Drafting, Obstacle, Wanted } from '../resources/wanted';
import {
  changed,
  clientDraft,
  newClientId,
  newSecret,
  nodeText,
  parseClient,
  storedClient,
  type Client,
  type ClientContent,
} from './oauth-client-content';
import { OAuthTokens } from './oauth-tokens';
import { TokenList, type TokenPage, type TokenPiece } from './token-list';

/** A client whose secret is known now, and not later. */
export interface IssuedClient extends OAuthClientRow {
  readonly secret: string;
}

/** A client of an API, as a path names it. */
export interface NamedClient {
  readonly apiId: string;
  readonly clientId: string;
}

/** As many as an API may have. */
const mostClients = 10_000;

/** OAuth clients of one organisation. They go by the id of their API, a slash and their own. */
@Injectable()
export class OAuthClientsService extends ResourceService<OAuthClientRow> {
  override readonly form = null;
  /** What units draft, with the secrets that only nodes get. */
  private readonly drafted = new WeakMap<ReadScope, Client>();

  constructor(
    tools: ResourceTools,
    private readonly clients: OAuthClientStore,
    private readonly apis: ApiStore,
    private readonly policies: PolicyStore,
    private readonly chores: ChoreStore,
    private readonly vault: OAuthVault,
    private readonly runner: ChoreRunner,
    private readonly changes: RedisChanges,
    private readonly tokens: OAuthTokens,
    private readonly tokenList: TokenList,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: ApiConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    super(tools, clients, noSuchClient);
  }

  /** @throws ValidationFailed, Conflict when the API has such a client, Unavailable when nodes' Redis is */
  override async create(context: OrganisationContext, body: unknown): Promise<IssuedClient> {
    const content = this.parse(body);
    const secret = textAt(content, 'secret') || newSecret();
    const whole = { ...content, secret, client_id: textAt(content, 'client_id') || newClientId() };
    const { committed } = await this.changes.make(
      () => super.create(context, whole),
      (row) => this.bring(row),
    );
    return { ...committed, secret };
  }

  /** Changes what a body names; id and secret stay. @throws NotFound, ValidationFailed, VersionMismatch, Unavailable */
  override async update(
    context: OrganisationContext,
    id: string,
    body: unknown,
    precondition: Precondition,
  ): Promise<OAuthClientRow> {
    const content = this.parse(body);
    await this.require(context.organisation, id);
    const { committed } = await this.changes.make(
      () => super.update(context, id, content, precondition),
      (row) => this.bring(row),
    );
    return committed;
  }

  /** Gives a client a new secret; tokens that it has go on. @throws NotFound, VersionMismatch, Unavailable */
  async rotate(context: OrganisationContext, id: string, precondition: Precondition): Promise<IssuedClient> {
    const fresh = { secret: newSecret(), secretSince: this.clock.now().toISOString() };
    await this.require(context.organisation, id);
    const rotated = async (unit: UnitOfWork): Promise<OAuthClientRow> => {
      const current = await this.requireIn(unit, id, precondition);
      const client = { ...storedClient(current, ''), ...fresh };
      await this.requirePolicy(unit, current.apiId, client);
      this.drafted.set(unit, client);
      const draft = clientDraft(current._id, current.apiId, client);
      return this.put(unit, current, draft, { operation: 'update', version: 1 });
    };
    const { committed } = await this.changes.make(
      () => this.commit(context, rotated),
      (row) => this.bring(row),
    );
    return { ...committed, secret: fresh.secret };
  }

  /** Deletes a client, and ends its tokens. @throws NotFound, VersionMismatch, Unavailable */
  override async remove(context: OrganisationContext, id: string, precondition: Precondition): Promise<void> {
    const { apiId, clientId } = await this.require(context.organisation, id);
    await this.changes.make(
      () => super.remove(context, id, precondition),
      () => this.runner.doNow('oauth.remove', [apiId, clientId]),
    );
  }

  parse(body: unknown): JsonObject {
    parseClient(body, this.config.oauthRedirectSeparator);
    // Bodies come out of the JSON parser, so they hold JSON values only.
    const sent = body as JsonValue;
    return isJsonObject(sent) ? sent : {};
  }

  async draft(scope: ReadScope, { content, id, current }: Drafting<OAuthClientRow>): Promise<Draft<OAuthClientRow>> {
    const api = await this.requireApi(scope.organisation, current?.apiId ?? textAt(content, 'api_id'));
    const said = parseClient(content, this.config.oauthRedirectSeparator);
    const client = current === null ? this.fresh(said) : await this.changedBy(said, current);
    await this.requirePolicy(scope, api.apiId, client);
    this.drafted.set(scope, client);
    return clientDraft(id, api.apiId, client);
  }

  /** A client that is still being taken out of Redis would have tokens of the one before it. */
  override async check(scope: ReadScope, wanted: readonly Wanted<OAuthClientRow>[]): Promise<readonly Obstacle[]> {
    const obstacles: Obstacle[] = [];
    for (const [index, { draft, current }] of wanted.entries()) {
      if (current !== null || (await this.isFree(scope, draft))) continue;
      obstacles.push({ index, path: 'client_id', brief: 'is the id of another client', error: taken() });
    }
    return obstacles;
  }

  override limit(unit: UnitOfWork): void {
    const said = `An organisation may hold ${mostClients} OAuth clients`;
    unit.limit('oauth_client', { most: mostClients, refuse: () => new CastellanError(400, 'limit_reached', said) });
  }

  /** Writes what nodes are to have with the row, though the row has stayed as it was. */
  override async put(
    unit: UnitOfWork,
    current: OAuthClientRow | null,
    draft: Draft<OAuthClientRow>,
    how: { readonly operation: Operation; readonly version: number },
  ): Promise<OAuthClientRow> {
    const row = await super.put(unit, current, draft, how);
    const client = this.drafted.get(unit);
    if (client === undefined) throw new TypeError('Nobody knows the secret of the OAuth client');
    const chore = { job: 'oauth.put', about: [row.apiId, row.clientId], text: nodeText(client) } as const;
    await this.chores.note(unit.organisation, chore, unit.at, unit.session);
    return row;
  }

  /** Also those that nodes were given by their own API. */
  override async find(
    organisation: OrganisationId,
    id: string,
    session: ClientSession | null,
  ): Promise<OAuthClientRow | null> {
    const { apiId: named, clientId } = clientNamedBy(id);
    const { apiId } = await this.requireApi(organisation, named);
    const found = await this.clients.byClientId(organisation, apiId, clientId, session);
    if (found !== null || session !== null) return found;
    await this.adopt(organisation, apiId);
    return this.clients.byClientId(organisation, apiId, clientId);
  }

  protected conflict(): Promise<CastellanError> {
    return Promise.resolve(taken());
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

  /** A client's tokens that have not ended, the first to end first. @throws NotFound, ValidationFailed, Unavailable */
  async tokensOf(organisation: OrganisationId, id: string, piece: TokenPiece): Promise<TokenPage> {
    const { apiId, clientId } = await this.require(organisation, id);
    return this.reaching(() => this.tokenList.piece(apiId, clientId, piece));
  }

  /** Ends one token of a client, by its hash or by itself. @throws NotFound, Unavailable */
  async revoke(context: OrganisationContext, id: string, code: string, hashes: readonly string[]): Promise<void> {
    const { apiId, clientId } = await this.require(context.organisation, id);
    await this.reaching(async () => {
      for (const hash of [code, ...hashes]) {
        if (!(await this.vault.hasToken(apiId, clientId, hash))) continue;
        await this.tokens.end(context.organisation, apiId, clientId, hash);
        // Tokens are no configuration.
        return this.tools.recordAct(context);
      }
      throw new NotFound('Could not retrieve tokens.');
    });
  }

  /** Ends all tokens of a client, which stays. @throws NotFound, Unavailable */
  async revokeAll(context: OrganisationContext, id: string): Promise<void> {
    const { apiId, clientId } = await this.require(context.organisation, id);
    return this.reaching(async () => {
      await this.tokens.endOfClient(context.organisation, apiId, clientId);
      await this.tools.recordAct(context);
    });
  }

  private bring({ apiId, clientId }: OAuthClientRow): Promise<string | null> {
    return this.runner.doNow('oauth.put', [apiId, clientId]);
  }

  /** @throws ValidationFailed */
  private fresh(said: ClientContent): Client {
    if (said.redirectUri === null) throw new ValidationFailed([{ path: 'redirect_uri', message: 'is required' }]);
    const secret = said.secret === null || said.secret === '' ? newSecret() : said.secret;
    if (secret === REDACTED) throw new ValidationFailed([{ path: 'secret', message: 'is what stands for a secret' }]);
    const secretSince = this.clock.now().toISOString();
    const blank = { clientId: said.clientId || newClientId(), secret, redirectUri: '', policyId: '' };
    return changed({ ...blank, description: '', metadata: null, name: '', secretSince }, said);
  }

  /** @throws ValidationFailed for another id or secret, Conflict where Redis has lost the secret */
  private async changedBy(said: ClientContent, current: OAuthClientRow): Promise<Client> {
    for (const [path, sent, is] of [
      ['client_id', said.clientId, current.clientId],
      ['secret', said.secret === '' ? null : said.secret, REDACTED],
    ] as const) {
      if (sent !== null && sent !== is) throw new ValidationFailed([{ path, message: unchangeable }]);
    }
    const secret = await this.secretOf(current);
    if (secret === null) throw new Conflict('secret_lost', lost);
    return changed(storedClient(current, secret), said);
  }

  /** The secret as nodes have it, or are to have it; null when Redis has lost it. */
  private async secretOf({ apiId, clientId }: OAuthClientRow): Promise<string | null> {
    const chore = await this.chores.about('oauth.put', [apiId, clientId]);
    const text = chore?.text ?? (await this.vault.readClient(apiId, clientId));
    return text === null ? null : (readClient(text)?.secret ?? null);
  }

  private async isFree(
    { organisation, session }: ReadScope,
    { apiId, clientId }: Draft<OAuthClientRow>,
  ): Promise<boolean> {
    const [existing, leaving, cleared] = await Promise.all([
      this.clients.byClientId(organisation, apiId, clientId, session),
      this.chores.about('oauth.remove', [apiId, clientId], session),
      this.chores.about('oauth.clear', [apiId], session),
    ]);
    if (existing !== null || cleared !== null || leaving?.job === 'oauth.remove') return false;
    return (await this.vault.readClient(apiId, clientId)) === null;
  }

  /** @throws ValidationFailed unless the policy opens the API, which gateways demand of every token */
  private async requirePolicy(scope: ReadScope, apiId: string, { policyId }: Client): Promise<void> {
    if (policyId === '') return;
    const refuse = (message: string): never => {
      throw new ValidationFailed([{ path: 'policy_id', message }]);
    };
    const { organisation, session } = scope;
    const policy = await this.policies.byEitherId(organisation, policyId, session);
    const viewer = await scope.viewer();
    const sight = viewer === null ? null : await this.tools.sights.of({ organisation, viewer });
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
const noSuchClient = 'Could not retrieve app detail.';
const taken = (): Conflict =>
  new Conflict('id_conflict', 'The API has a client with this id, or one that is being deleted');

/** The id of a client as {@link OAuthClientsService} knows it; ids of clients may have slashes, and those of APIs have none. */
export const idOfClient = ({ apiId, clientId: own }: NamedClient): string => `${apiId}/${own}`;

const clientNamedBy = (id: string): NamedClient => {
  const slash = id.indexOf('/');
  return { apiId: id.slice(0, slash), clientId: id.slice(slash + 1) };
};
