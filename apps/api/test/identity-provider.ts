import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { decodeJwt, exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTPayload } from 'jose';
import Provider, { type Configuration } from 'oidc-provider';

/** What the provider says of somebody. */
export type Claims = Readonly<Record<string, unknown>>;

export const clientId = 'castellan';
export const clientSecret = 'a-secret-of-the-client-of-tests';

interface Signing {
  readonly key?: CryptoKey | Uint8Array;
  readonly kid?: string;
  readonly alg?: string;
}

const newKey = async (): Promise<CryptoKey> => (await generateKeyPair('RS256', { extractable: true })).privateKey;

/** A response that ends with another JSON than it was given. */
const endingOtherwise = (response: ServerResponse, alter: (reply: Claims) => Promise<Claims>): ServerResponse => {
  const end = response.end.bind(response);
  response.end = (body?: unknown) => {
    const reply: unknown = JSON.parse(String(body));
    void alter(typeof reply === 'object' && reply !== null ? { ...reply } : {}).then((altered) => {
      const text = JSON.stringify(altered);
      response.setHeader('content-length', Buffer.byteLength(text));
      end(text);
    });
    return response;
  };
  return response;
};

/** A real provider of OpenID Connect on loopback, whose people are those that a test names. */
export class TestIdentityProvider {
  readonly people = new Map<string, Claims>();
  /** What an ID token says and how it is signed, in the place of what the provider would say. */
  alterToken: ((claims: JWTPayload) => Promise<string>) | null = null;
  /** The same for what it says of somebody when it is asked. */
  alterUserinfo: ((claims: Claims) => Claims) | null = null;
  /** What was asked for, in order. */
  readonly asked: string[] = [];
  /** How often somebody asked for the keys. */
  keysAsked = 0;
  private kid = 'first';
  private redirectUris: readonly string[] = [];
  private provider: Provider | null = null;

  private constructor(
    private readonly server: Server,
    readonly issuer: string,
    private key: CryptoKey,
  ) {}

  static async start(): Promise<TestIdentityProvider> {
    const privateKey = await newKey();
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('The server does not listen on a port');
    const idp = new TestIdentityProvider(server, `http://127.0.0.1:${address.port}`, privateKey);
    server.on('request', (request, response) => {
      if (idp.provider === null) response.writeHead(503).end();
      else void idp.provider.callback()(request, idp.altering(request, response));
    });
    return idp;
  }

  /** Begins to serve a client. */
  async serve(redirectUris: readonly string[]): Promise<void> {
    this.redirectUris = redirectUris;
    const jwk: JWK = { ...(await exportJWK(this.key)), kid: this.kid, alg: 'RS256', use: 'sig' };
    this.provider = new Provider(this.issuer, this.configuration(jwk, redirectUris));
  }

  /** Signs with another key from now on, and publishes no other. */
  async rotateKey(): Promise<void> {
    [this.key, this.kid] = [await newKey(), crypto.randomUUID()];
    await this.serve(this.redirectUris);
  }

  /** An ID token as the provider signs it, but for what is said. */
  sign(claims: JWTPayload, { key = this.key, kid = this.kid, alg = 'RS256' }: Signing = {}): Promise<string> {
    return new SignJWT(claims).setProtectedHeader({ alg, kid }).sign(key);
  }

  /** The response, which changes what the provider says on its way out. */
  private altering({ url = '' }: IncomingMessage, response: ServerResponse): ServerResponse {
    const [path] = url.split('?');
    this.asked.push(path ?? '');
    if (path === '/jwks') this.keysAsked += 1;
    const { alterToken, alterUserinfo } = this;
    if (path === '/token' && alterToken !== null) {
      return endingOtherwise(response, async (reply) => ({
        ...reply,
        id_token: await alterToken(decodeJwt(String(reply['id_token']))),
      }));
    }
    if (path === '/me' && alterUserinfo !== null) {
      return endingOtherwise(response, (reply) => Promise.resolve(alterUserinfo(reply)));
    }
    return response;
  }

  private configuration(jwk: JWK, redirectUris: readonly string[]): Configuration {
    return {
      clients: [
        {
          client_id: clientId,
          client_secret: clientSecret,
          redirect_uris: [...redirectUris],
          token_endpoint_auth_method: 'client_secret_post',
        },
      ],
      jwks: { keys: [jwk] },
      findAccount: (_, id) => ({ accountId: id, claims: () => ({ ...this.people.get(id), sub: id }) }),
      claims: { openid: ['sub', 'groups'], email: ['email', 'email_verified'], profile: ['given_name', 'family_name'] },
      conformIdTokenClaims: false,
      pkce: { required: () => true },
      loadExistingGrant: async ({ oidc }) => {
        const { client, session, provider } = oidc;
        const grant = new provider.Grant({ accountId: session?.accountId ?? '', clientId: client?.clientId ?? '' });
        grant.addOIDCScope('openid email profile');
        await grant.save();
        return grant;
      },
    };
  }

  /**
   * Takes a browser through the login of the provider.
   *
   * @returns where the provider sends it in the end
   */
  async logIn(url: string, person: string): Promise<string> {
    const cookies = new Map<string, string>();
    let [next, body] = [url, null as string | null];
    for (let step = 0; step < 12; step += 1) {
      const reply = await fetch(next, {
        method: body === null ? 'GET' : 'POST',
        redirect: 'manual',
        headers: {
          cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
          ...(body === null ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
        },
        ...(body === null ? {} : { body }),
      });
      await reply.arrayBuffer();
      for (const line of reply.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
        cookies.set(name, value);
      }
      const location = reply.headers.get('location');
      if (location !== null) {
        next = new URL(location, next).href;
        body = null;
        if (!next.startsWith(this.issuer)) return next;
      } else if (next.includes('/interaction/') && body === null) {
        body = new URLSearchParams({ prompt: 'login', login: person, password: 'anything' }).toString();
      } else throw new Error(`The provider answered ${reply.status} at ${next}`);
    }
    throw new Error('The provider leads nowhere');
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** A token by which the provider says that somebody has logged out. */
  logoutToken(claims: Claims, { key = this.key, kid = this.kid } = {}): Promise<string> {
    const events = { 'http://schemas.openid.net/event/backchannel-logout': {} };
    return new SignJWT({ events, jti: crypto.randomUUID(), ...claims })
      .setProtectedHeader({ alg: 'RS256', kid, typ: 'logout+jwt' })
      .setIssuer(this.issuer)
      .setAudience(clientId)
      .setIssuedAt()
      .sign(key);
  }
}
