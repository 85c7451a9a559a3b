import { Inject, Injectable } from '@nestjs/common';
import { createRemoteJWKSet, type JWTVerifyGetKey } from 'jose';
import * as openid from 'openid-client';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { Unavailable } from '@castellan/dto';
import { Clock } from '@castellan/observability';
import type { IdentityProviderRow } from '@castellan/persistence';
import { Sealer } from '../auth/sealed';
import { sealedSecretOf, settingsOf } from './provider-settings';

/** How long what a provider says of itself is taken for true, in milliseconds. */
const goodForMs = 15 * 60_000;
/** How long a provider may take for a reply, in seconds. */
const patienceSeconds = 10;
const mostKept = 500;

/** A provider that has said where its endpoints are. */
export interface ProviderClient {
  readonly configuration: openid.Configuration;
  /** Its keys; asked for again, not too often, when an unknown one is met. */
  readonly keys: JWTVerifyGetKey;
}

interface Kept {
  readonly version: number;
  readonly until: number;
  readonly client: Promise<ProviderClient>;
}

/** Clients of providers. What providers publish is asked for when it is first needed, and again after a while. */
@Injectable()
export class ProviderClients {
  private readonly kept = new Map<string, Kept>();

  constructor(
    private readonly sealer: Sealer,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {}

  /** @throws Unavailable when the provider cannot be reached, or says what it must not */
  async of(row: IdentityProviderRow): Promise<ProviderClient> {
    const id = row._id.toString();
    const now = this.clock.millis();
    const found = this.kept.get(id);
    const isGood = found?.version === row.version && found.until > now;
    const client = isGood ? found.client : this.discover(row);
    if (!isGood) {
      if (this.kept.size >= mostKept) this.kept.clear();
      this.kept.set(id, { version: row.version, until: now + goodForMs, client });
    }
    try {
      return await client;
    } catch (cause) {
      this.kept.delete(id);
      throw new Unavailable('The identity provider', cause);
    }
  }

  private async discover(row: IdentityProviderRow): Promise<ProviderClient> {
    const { issuer, client_id: clientId, id_token_alg: algorithm } = settingsOf(row);
    const sealed = sealedSecretOf(row);
    const authentication =
      sealed === '' ? openid.None() : openid.ClientSecretPost(this.sealer.open(sealed, row._id.toString()));
    const server = new URL(issuer);
    const isLoose = server.protocol === 'http:' && this.config.oidcHttp === 'loopback';
    const execute = [...(isLoose ? withoutTls() : []), openid.enableNonRepudiationChecks];
    const metadata = { id_token_signed_response_alg: algorithm };
    const options = { execute, timeout: patienceSeconds };
    const configuration = await openid.discovery(server, clientId, metadata, authentication, options);
    const published = configuration.serverMetadata();
    // The library compares it, too, except for providers that are known to break the rule.
    if (published.issuer !== issuer) throw new Error('The provider calls itself otherwise');
    if (published.jwks_uri === undefined) throw new Error('The provider publishes no keys');
    return { configuration, keys: createRemoteJWKSet(new URL(published.jwks_uri)) };
  }
}

type Execution = (configuration: openid.Configuration) => void;

const isExecution = (value: unknown): value is Execution => typeof value === 'function';

/** The library marks what allows this, so that nobody uses it without a thought; here it is for a provider on this machine. */
const withoutTls = (): readonly Execution[] => {
  const allow: unknown = Reflect.get(openid, 'allowInsecureRequests');
  return isExecution(allow) ? [allow] : [];
};
