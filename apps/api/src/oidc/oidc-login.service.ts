import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import * as openid from 'openid-client';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { CastellanError, NotFound, Unauthorised } from '@castellan/dto';
import { LOGGER, type Logger } from '@castellan/observability';
import { ChangeRecorder, type IdentityProviderRow } from '@castellan/persistence';
import { REDIS, redisKey } from '@castellan/delivery';
import { FailedAttempts } from '../auth/attempts';
import { LoginService } from '../sessions/login.service';
import { safePath } from '../sessions/safe-path';
import type { Visitor } from '../sessions/visitor';
import { groupsGiven, textClaim } from './claims';
import { IdentityProviderStore } from './identity-provider-store';
import { callbackPath } from './identity-providers.service';
import { LoginFlows } from './login-flows';
import { groupsUnsaid, NotLetIn, ProvidedUsers } from './provided-users';
import { ProviderClients, type ProviderClient } from './provider-clients';
import { settingsOf } from './provider-settings';

const action = 'Login by OpenID Connect';

/** Where a browser has come from, in the words of its own address bar. */
export interface Arrival {
  /** The address of the API as browsers see it. */
  readonly origin: string;
  /** The query of the request. */
  readonly query: string;
  /** The cookie of the login that began; null for none. */
  readonly browser: string | null;
}

/** Logins by providers of OpenID Connect: the code flow with PKCE, state and nonce. */
@Injectable()
export class OidcLoginService {
  constructor(
    private readonly providers: IdentityProviderStore,
    private readonly clients: ProviderClients,
    private readonly flows: LoginFlows,
    private readonly users: ProvidedUsers,
    private readonly logins: LoginService,
    private readonly attempts: FailedAttempts,
    private readonly changes: ChangeRecorder,
    @Inject(REDIS) private readonly redis: Redis,
    @Inject(CONFIG) private readonly config: ApiConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** @returns where the browser has to go, and what it has to keep until it is back @throws NotFound, Unavailable */
  async begin(id: string, origin: string, next: string | undefined): Promise<{ url: string; browser: string }> {
    const provider = await this.require(id);
    const { configuration } = await this.clients.of(provider);
    const [state, nonce, verifier] = [openid.randomState(), openid.randomNonce(), openid.randomPKCECodeVerifier()];
    const browser = await this.flows.begin(state, { provider: id, verifier, nonce, next: safePath(next) });
    const url = openid.buildAuthorizationUrl(configuration, {
      redirect_uri: `${origin}${callbackPath(id)}`,
      scope: settingsOf(provider).scopes,
      state,
      nonce,
      code_challenge: await openid.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    });
    return { url: url.href, browser };
  }

  /**
   * @returns where to go on
   * @throws NotFound; CastellanError 400 for a login that did not begin in this browser; Unauthorised for what the provider did
   * not say, or not to us; CastellanError 403 for somebody who is not let in
   */
  async end(visitor: Visitor, id: string, { origin, query, browser }: Arrival): Promise<string> {
    const provider = await this.require(id);
    const state = new URLSearchParams(query).get('state') ?? '';
    const flow = await this.flows.end(state, browser);
    if (flow?.provider !== id) throw wrongFlow();
    const client = await this.clients.of(provider);
    const claims = await this.claimsOf(visitor, provider, client, {
      url: new URL(`${origin}${callbackPath(id)}?${query}`),
      checks: {
        expectedState: state,
        expectedNonce: flow.nonce,
        pkceCodeVerifier: flow.verifier,
        idTokenExpected: true,
      },
    });
    const trace = visitor.traceOf(action, textClaim(claims, 'email'));
    try {
      const user = await this.users.resolve(trace, provider, claims);
      const reason = this.reasonOf(provider, claims);
      const session = await this.logins.open(visitor, user, 'oidc', { reason });
      await this.remember(id, textClaim(claims, 'sid'), session.id);
      return safePath(flow.next);
    } catch (error) {
      if (!(error instanceof CastellanError)) throw error;
      const why = error instanceof NotLetIn ? error.why : error.message;
      await this.refused(visitor, provider, textClaim(claims, 'email'), error, why);
      throw error;
    }
  }

  /** For the audit log, and where the groups could not be followed for whoever runs the installation, too. */
  private reasonOf(provider: IdentityProviderRow, claims: Readonly<Record<string, unknown>>): string {
    const word = `on the word of ${provider.name}`;
    if (groupsGiven(claims, settingsOf(provider)) !== null) return word;
    this.logger.warn(
      { provider: provider._id },
      'An identity provider had too many groups for a token, and they stay as they were',
    );
    return `${word}; their groups stay: ${groupsUnsaid}`;
  }

  /** The sessions that a session at the provider has led to. */
  async sessionsOf(provider: string, sid: string): Promise<readonly string[]> {
    return this.redis.smembers(sidKey(provider, sid));
  }

  private async claimsOf(
    visitor: Visitor,
    provider: IdentityProviderRow,
    { configuration }: ProviderClient,
    { url, checks }: { readonly url: URL; readonly checks: openid.AuthorizationCodeGrantChecks },
  ): Promise<Readonly<Record<string, unknown>>> {
    try {
      const tokens = await openid.authorizationCodeGrant(configuration, url, checks);
      const claims = tokens.claims();
      if (claims === undefined) throw new Error('There is no ID token');
      if (!settingsOf(provider).use_userinfo) return claims;
      const said = await openid.fetchUserInfo(configuration, tokens.access_token, claims.sub);
      return { ...claims, ...said, sub: claims.sub, sid: claims['sid'] };
    } catch (error) {
      this.logger.warn({ err: error, provider: provider._id }, 'A login by OpenID Connect was not what it should be');
      const refusal = await this.attempts.refusal('credential', visitor.address);
      await this.refused(visitor, provider, '', refusal, 'the reply of the provider was not right');
      throw refusal.status === 429 ? refusal : new Unauthorised('The identity provider did not vouch for you');
    }
  }

  private async remember(provider: string, sid: string, session: string): Promise<void> {
    if (sid === '') return;
    const key = sidKey(provider, sid);
    await this.redis
      .multi()
      .sadd(key, session)
      .expire(key, this.config.sessionHours * 3_600)
      .exec();
  }

  private async refused(
    visitor: Visitor,
    { orgId }: IdentityProviderRow,
    name: string,
    { status, code }: CastellanError,
    why: string,
  ): Promise<void> {
    const context = { ...visitor.traceOf(action, name), organisation: orgId.toString() };
    await this.changes.recordRefusal(context, status, `${code}: ${why}`);
  }

  private async require(id: string): Promise<IdentityProviderRow> {
    const provider = await this.providers.activeById(id);
    if (provider === null) throw new NotFound('No such identity provider');
    return provider;
  }
}

const wrongFlow = (): CastellanError =>
  new CastellanError(400, 'validation_failed', 'This login did not begin in this browser, or is over; begin again');

const sidKey = (provider: string, sid: string): string =>
  redisKey('oidc-sid', provider, Buffer.from(sid).toString('base64url'));
