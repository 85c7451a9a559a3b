import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type ApiConfig } from '@castellan/config';
import type { ClientSession } from 'mongoose';
import { CastellanError, Conflict, NotFound, Unavailable, ValidationFailed } from '@castellan/dto';
import { OAuthVault, textDigest } from '@castellan/keys';
import { Clock } from '@castellan/observability';
import {
  ApiStore,
  ChoreStore,
  OAuthClientStore,
  PolicyStore,
  type ApiRow,
  type ChangeContext,
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
import { mostClients, OAuthAdoption } from './oauth-adoption';

/** A client whose secret is known now, and not later. */
export interface IssuedClient extends OAuthClientRow {
  readonly secret: string;
}

/** A client of an API, as a path names it. */
export interface NamedClient {
  readonly apiId: string;
  readonly clientId: string;
}

/** A client's secret. */
interface KnownSecret {
  readonly secret: string;
  /** All that nodes have of the client; null while something else is to be brought to them. */
  readonly text: string | null;
}

/** OAuth clients of one organisation. They go by the id of their API, a slash and their own. */
@Injectable()
export class OAuthClientsService extends ResourceService<OAuthClientRow> {
  override readonly form = null;
  /** What units draft, with the secrets that only nodes get. */
  private readonly drafted = new WeakMap<ReadScope, Client>();
  /** Of units that change a client, the secret that they began with; null where Redis has lost it. */
  private readonly secrets = new WeakMap<ReadScope, KnownSecret | null>();

  constructor(
    tools: ResourceTools,
    private readonly clients: OAuthClientStore,
    private readonly apis: ApiStore,
    private readonly policies: PolicyStore,
    private readonly chores: ChoreStore,
    private readonly vault: OAuthVault,
    private readonly changes: RedisChanges,
    private readonly adoption: OAuthAdoption,
    private readonly tokens: OAuthTokens,
    private readonly tokenList: TokenList,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {
    super(tools, clients, noSuchClient);
  }

  /** @throws ValidationFailed, Conflict when the API has such a client, Unavailable when nodes' Redis is */
  override async create(context: OrganisationContext, body: unknown): Promise<IssuedClient> {
    const content = this.parse(body);
    const secret = textAt(content, 'secret') || newSecret();
    const whole = { ...content, secret, client_id: textAt(content, 'client_id') || newClientId() };
    return { ...(await super.create(context, whole)), secret };
  }

  /** Changes what a body names; id and secret stay. @throws NotFound, ValidationFailed, VersionMismatch, Unavailable */
  override async update(
    context: OrganisationContext,
    id: string,
    body: unknown,
    precondition: Precondition,
  ): Promise<OAuthClientRow> {
    const content = this.parse(body);
    const changed = async (unit: UnitOfWork): Promise<OAuthClientRow> => {
      const row = await this.find(unit.organisation, id, unit.session);
      // Beside the transaction, which has begun: what is read now is of its moment or later, and another secret is another version.
      const [current, secret] = await Promise.all([
        unit.require(row, () => this.notFound(), precondition),
        row === null ? null : this.secretOf(row),
      ]);
      this.secrets.set(unit, secret);
      return this.replaceIn(unit, current, content);
    };
    return this.knowing(context, id, () => this.commit(context, changed));
  }

  /** Gives a client a new secret; tokens that it has go on. @throws NotFound, VersionMismatch, Unavailable */
  async rotate(context: OrganisationContext, id: string, precondition: Precondition): Promise<IssuedClient> {
    const fresh = { secret: newSecret(), secretSince: this.clock.now().toISOString() };
    const rotated = async (unit: UnitOfWork): Promise<OAuthClientRow> => {
      const current = await this.requireIn(unit, id, precondition);
      const client = { ...storedClient(current, ''), ...fresh };
      await this.requirePolicy(unit, current.apiId, client);
      this.drafted.set(unit, client);
      const draft = clientDraft(current._id, current.apiId, client);
      return this.put(unit, current, draft, { operation: 'update', version: 1 });
    };
    const row = await this.knowing(context, id, () => this.commit(context, rotated));
    return { ...row, secret: fresh.secret };
  }

  /** Deletes a client, and ends its tokens. @throws NotFound, VersionMismatch, Unavailable */
  override async remove(context: OrganisationContext, id: string, precondition: Precondition): Promise<void> {
    await this.knowing(context, id, () => super.remove(context, id, precondition));
  }

  /** What is committed is brought to the nodes' Redis before it is answered. */
  override async commit<T>(context: ChangeContext, work: (unit: UnitOfWork) => Promise<T>): Promise<T> {
    return (await this.changes.doing(work, (noting) => super.commit(context, noting))).committed;
  }

  parse(body: unknown): JsonObject {
    parseClient(body, this.config.oauthRedirectSeparator);
    // Bodies come out of the JSON parser, so they hold JSON values only.
    const sent = body as JsonValue;
    return isJsonObject(sent) ? sent : {};
  }

  async draft(scope: ReadScope, { content, id, current }: Drafting<OAuthClientRow>): Promise<Draft<OAuthClientRow>> {
    // The API of a client that is there was looked at when it was found.
    const apiId = current?.apiId ?? (await this.requireApi(scope.organisation, textAt(content, 'api_id'))).apiId;
    const said = parseClient(content, this.config.oauthRedirectSeparator);
    const client = current === null ? this.fresh(said) : await this.changedBy(scope, said, current);
    await this.requirePolicy(scope, apiId, client);
    this.drafted.set(scope, client);
    return clientDraft(id, apiId, client);
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

  /** Leaves what nodes are to have with the row; where that is what they have, it stays with the row. */
  override async put(
    unit: UnitOfWork,
    current: OAuthClientRow | null,
    draft: Draft<OAuthClientRow>,
    how: { readonly operation: Operation; readonly version: number },
  ): Promise<OAuthClientRow> {
    const row = await super.put(unit, current, draft, how);
    const client = this.drafted.get(unit);
    if (client === undefined) throw new TypeError('Nobody knows the secret of the OAuth client');
    const text = nodeText(client);
    const before = this.secrets.get(unit)?.text ?? null;
    if (row === current && before === text) return row;
    const over = before === null ? '' : textDigest(before);
    unit.leave({ job: 'oauth.put', about: [row.apiId, row.clientId], text, over });
    return row;
  }

  /** Also those that nodes were given by their own API. */
  override async find(
    organisation: OrganisationId,
    id: string,
    session: ClientSession | null,
  ): Promise<OAuthClientRow | null> {
    const { apiId: named, clientId } = clientNamedBy(id);
    const [{ apiId }, foundAtOnce] = await Promise.all([
      this.requireApi(organisation, named),
      this.clients.byClientId(organisation, named, clientId, session),
    ]);
    const isNamed = foundAtOnce !== null || apiId === named;
    const found = isNamed ? foundAtOnce : await this.clients.byClientId(organisation, apiId, clientId, session);
    if (found !== null || session !== null || !(await this.adoption.adopt(organisation, apiId))) return found;
    return this.clients.byClientId(organisation, apiId, clientId);
  }

  protected conflict(): Promise<CastellanError> {
    return Promise.resolve(taken());
  }

  async page(organisation: OrganisationId, apiId: string, place: Place): Promise<Page<OAuthClientRow>> {
    const [api, listed] = await Promise.all([
      this.requireApi(organisation, apiId),
      this.adoption.listed(organisation, apiId),
    ]);
    const { pageSize } = this.config;
    const piece = { filter: { apiId: api.apiId }, sort: { createdAt: 1, _id: 1 }, place, pageSize } as const;
    const [page, isMore] = await Promise.all([
      this.clients.page(organisation, piece),
      this.adoption.adopt(organisation, api.apiId, api.apiId === apiId ? listed : null),
    ]);
    return isMore ? this.clients.page(organisation, piece) : page;
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

  /** Runs a change; of a client that only nodes know, once more when it is noted. */
  private async knowing<T>({ organisation }: ChangeContext, id: string, change: () => Promise<T>): Promise<T> {
    try {
      return await change();
    } catch (error) {
      if (!(error instanceof NotFound)) throw error;
      await this.require(organisation, id);
      return change();
    }
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
  private async changedBy(scope: ReadScope, said: ClientContent, current: OAuthClientRow): Promise<Client> {
    for (const [path, sent, is] of [
      ['client_id', said.clientId, current.clientId],
      ['secret', said.secret === '' ? null : said.secret, REDACTED],
    ] as const) {
      if (sent !== null && sent !== is) throw new ValidationFailed([{ path, message: unchangeable }]);
    }
    const secret = (this.secrets.get(scope) ?? (await this.secretOf(current)))?.secret;
    if (secret === undefined) throw new Conflict('secret_lost', lost);
    return changed(storedClient(current, secret), said);
  }

  /** The secret as nodes have it, or are to have it; null when Redis has lost it. */
  private async secretOf({ apiId, clientId }: OAuthClientRow): Promise<KnownSecret | null> {
    const chore = await this.chores.about('oauth.put', [apiId, clientId]);
    const text = chore === null ? await this.vault.readClient(apiId, clientId) : null;
    const secret = readClient(chore?.text ?? text ?? '')?.secret;
    return secret === undefined ? null : { secret, text };
  }

  private async isFree(
    { organisation, session }: ReadScope,
    { apiId, clientId }: Draft<OAuthClientRow>,
  ): Promise<boolean> {
    // Beside the transaction, chores are as they are by now: what has left Redis is gone, and what is leaving since is there yet.
    const [existing, chores] = await Promise.all([
      this.clients.byClientId(organisation, apiId, clientId, session),
      this.chores.aboutAny([
        { job: 'oauth.remove', about: [apiId, clientId] },
        { job: 'oauth.clear', about: [apiId] },
      ]),
    ]);
    if (existing !== null || chores.some(({ job }) => job !== 'oauth.put')) return false;
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
