import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { jwtVerify } from 'jose';
import { CastellanError, NotFound } from '@castellan/dto';
import { LOGGER, type Logger } from '@castellan/observability';
import { ChangeRecorder, toOrganisationId, type ChangeContext } from '@castellan/persistence';
import { REDIS, redisKey } from '@castellan/delivery';
import { isJsonObject, objectAt, parseJson } from '@castellan/tyk';
import { SessionsService } from '../sessions/sessions.service';
import { textClaim } from './claims';
import { IdentityProviderStore } from './identity-provider-store';
import { OidcLoginService } from './oidc-login.service';
import { ProvidedUsers } from './provided-users';
import { ProviderClients } from './provider-clients';
import { settingsOf } from './provider-settings';

const event = 'http://schemas.openid.net/event/backchannel-logout';
/** A token that is older than this has had its time. */
const longestAge = '5 minutes';
const replaySeconds = 600;

/** Ends sessions of which a provider says that they are over (OpenID Connect Back-Channel Logout 1.0). */
@Injectable()
export class BackChannel {
  constructor(
    private readonly providers: IdentityProviderStore,
    private readonly clients: ProviderClients,
    private readonly users: ProvidedUsers,
    private readonly logins: OidcLoginService,
    private readonly sessions: SessionsService,
    private readonly changes: ChangeRecorder,
    @Inject(REDIS) private readonly redis: Redis,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** @throws NotFound, Unavailable, CastellanError 400 for a token that is not the provider's, or was sent before */
  async logOut(trace: Omit<ChangeContext, 'organisation'>, id: string, token: string): Promise<void> {
    const provider = await this.providers.activeById(id);
    if (provider === null) throw new NotFound('No such identity provider');
    const claims = await this.verified(id, token);
    const [sub, sid] = [textClaim(claims, 'sub'), textClaim(claims, 'sid')];
    const user = sub === '' ? null : await this.users.ofSubject(provider, sub);
    const of = user === null ? [] : await this.sessions.ofUser(user._id.toString());
    const named = sid === '' ? [] : await this.logins.sessionsOf(id, sid);
    const found = await Promise.all(named.map((one) => this.sessions.named(one)));
    const ending = sid === '' ? of : found.filter((session) => session !== null);
    for (const session of ending) {
      if (session.method === 'oidc' && session.organisationId === provider.orgId.toString())
        await this.sessions.end(session);
    }
    const actor = { kind: 'system', id: '', name: `identity provider ${provider.name}` } as const;
    await this.changes.recordAct({ ...trace, actor, organisation: toOrganisationId(provider.orgId) });
  }

  private async verified(id: string, token: string): Promise<Readonly<Record<string, unknown>>> {
    const provider = await this.providers.activeById(id);
    if (provider === null) throw new NotFound('No such identity provider');
    const { keys } = await this.clients.of(provider);
    const { issuer, client_id: audience, id_token_alg: algorithm } = settingsOf(provider);
    const claims = await this.signed(token, keys, {
      issuer,
      audience,
      algorithms: [algorithm],
      maxTokenAge: longestAge,
    });
    const content = parseJson(JSON.stringify(claims));
    const events = isJsonObject(content) ? objectAt(content, 'events') : {};
    const isLogout = Object.hasOwn(events, event) && claims['nonce'] === undefined;
    const isSomebody = textClaim(claims, 'sub') !== '' || textClaim(claims, 'sid') !== '';
    if (!isLogout || !isSomebody) throw refused();
    const jti = textClaim(claims, 'jti');
    if (
      jti === '' ||
      (await this.redis.set(
        redisKey('oidc-jti', id, Buffer.from(jti).toString('base64url')),
        '1',
        'EX',
        replaySeconds,
        'NX',
      )) === null
    ) {
      throw refused();
    }
    return claims;
  }

  private async signed(
    token: string,
    keys: Parameters<typeof jwtVerify>[1] & Awaited<ReturnType<ProviderClients['of']>>['keys'],
    options: NonNullable<Parameters<typeof jwtVerify>[2]>,
  ): Promise<Readonly<Record<string, unknown>>> {
    try {
      return (await jwtVerify(token, keys, options)).payload;
    } catch (error) {
      this.logger.warn({ err: error }, 'A logout token was not what it should be');
      throw refused();
    }
  }
}

const refused = (): CastellanError => new CastellanError(400, 'validation_failed', 'The logout token is not good');
