import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import {
  anApiDefinition,
  aPolicy,
  listOf,
  makeCertificate,
  textOf,
  unique,
  type HttpClient,
  type MadeCertificate,
  type Reply,
} from '@castellan/testing';
import { hashKey, readSession, sessionName } from '@castellan/tyk';
import { okay } from './tenant';

/** What a change has come to: nothing of it, all of it, or a part, in words. */
type Outcome = 'old' | 'new' | `half: ${string}`;

/** A change of what gateways find in Redis, that may be cut off anywhere. */
export interface StoreChange {
  readonly name: string;
  readonly ask: () => Promise<Reply>;
  /** Compares what the API says with what Redis has. */
  readonly outcome: () => Promise<Outcome>;
}

/** A key with an id of its own: it lies under two names, of which a change that is half done has reached one. */
interface TestKey {
  readonly id: string;
  readonly names: readonly string[];
}

const verdict = (isNew: boolean, asked: readonly unknown[], wanted: unknown): Outcome =>
  asked.every((one) => one === wanted)
    ? isNew
      ? 'new'
      : 'old'
    : `half: ${JSON.stringify(asked)} instead of ${String(wanted)}`;

/** Makes changes of every kind that is kept in the Redis of the nodes, in one organisation. */
export class KeyStoreChanges {
  private constructor(
    private readonly client: HttpClient,
    private readonly redis: Redis,
    private readonly organisation: string,
    private readonly apiId: string,
    private readonly policy: string,
  ) {}

  static async of(client: HttpClient, redis: Redis, organisation: string): Promise<KeyStoreChanges> {
    const definition = anApiDefinition({ use_keyless: false, use_oauth2: true });
    const apiId = textOf(okay(await client.post('/api/apis', { api_definition: definition })).json['ID']);
    const policy = textOf(okay(await client.post('/api/portal/policies', aPolicy([apiId]))).json['Message']);
    return new KeyStoreChanges(client, redis, organisation, apiId, policy);
  }

  /** One change of each sort, of things that are there already or not. */
  async some(): Promise<readonly StoreChange[]> {
    return [
      this.keyCreated(),
      this.keyUpdated(await this.key()),
      this.keyDeleted(await this.key()),
      this.certificateAdded(await makeCertificate()),
      await this.certificateDeleted(await makeCertificate()),
      this.clientCreated(),
      await this.clientUpdated(),
      await this.clientDeleted(),
    ];
  }

  async key(): Promise<TestKey> {
    const id = unique('key');
    const { json } = okay(await this.client.post(`/api/keys/${id}`, this.session('old')));
    return { id, names: [textOf(json['key_hash']), hashKey(id)] };
  }

  private session(alias: string): object {
    return { alias, access_rights: { [this.apiId]: { versions: ['Default'] } } };
  }

  private async aliases(names: readonly string[]): Promise<unknown[]> {
    const texts = await this.redis.mget(names.map(sessionName));
    return texts.map((text) => (text === null ? null : (readSession(text)?.['alias'] ?? '')));
  }

  /** Hashes of the keys that the index has with this alias. */
  async indexed(alias: string): Promise<string[]> {
    const { json } = okay(await this.client.get(`/api/keys?alias=${alias}&p=-1`));
    return listOf(json['data']?.['keys']).map(String);
  }

  private keyCreated(): StoreChange {
    const id = unique('key');
    return {
      name: 'a key is created',
      ask: () => this.client.post(`/api/keys/${id}`, this.session(id)),
      outcome: async () => {
        const [hash] = await this.indexed(id);
        const names = [...(hash === undefined ? [] : [hash]), hashKey(id)];
        return verdict(hash !== undefined, await this.aliases(names), hash === undefined ? null : id);
      },
    };
  }

  private keyUpdated({ id, names }: TestKey): StoreChange {
    const alias = `${id}-new`;
    return {
      name: 'a key is updated',
      ask: () => this.client.put(`/api/keys/${id}`, { alias }),
      outcome: async () => {
        const isNew = (await this.indexed(alias)).length === 1;
        return verdict(isNew, await this.aliases(names), isNew ? alias : 'old');
      },
    };
  }

  private keyDeleted({ id, names }: TestKey): StoreChange {
    return {
      name: 'a key is deleted',
      ask: () => this.client.delete(`/api/keys/${id}`),
      outcome: async () => {
        const isGone = (await this.client.get(`/api/keys/${id}`)).status === 404;
        return verdict(isGone, await this.aliases(names), isGone ? null : 'old');
      },
    };
  }

  private upload({ pem }: MadeCertificate): Promise<Reply> {
    const form = new FormData();
    form.append('file', new Blob([pem]), 'certificate.pem');
    return this.client.post('/api/certs', form);
  }

  /** Whether Redis has a certificate, and its list names it once. */
  private async certificate(id: string): Promise<readonly [boolean, number]> {
    const entries = await this.redis.lrange(`cert-${this.organisation}-index`, 0, -1);
    const named = entries.filter((entry) => entry === `raw-${id}`).length;
    return [(await this.redis.exists(`cert-raw-${id}`)) === 1, named];
  }

  private certificateAdded(made: MadeCertificate): StoreChange {
    const own = `${this.organisation}${createHash('sha256').update(made.der).digest('hex')}`;
    return {
      name: 'a certificate is added',
      ask: () => this.upload(made),
      outcome: async () => {
        const certificates = listOf(okay(await this.client.get('/api/certs/details?p=-1')).json['certificates']);
        const isNew = certificates.some((one) => textOf(one['id']) === own);
        const [isThere, named] = await this.certificate(own);
        return verdict(isNew, [isThere, named === 1], isNew);
      },
    };
  }

  private async certificateDeleted(made: MadeCertificate): Promise<StoreChange> {
    const id = textOf(okay(await this.upload(made)).json['id']);
    return {
      name: 'a certificate is deleted',
      ask: () => this.client.delete(`/api/certs/${id}`),
      outcome: async () => {
        const isGone = (await this.client.get(`/api/certs/${id}`)).status === 404;
        const [isThere, named] = await this.certificate(id);
        return verdict(isGone, [isThere, named === 1], !isGone);
      },
    };
  }

  private post(id: string): Promise<Reply> {
    const body = { client_id: id, redirect_uri: 'https://app.example/callback', policy_id: this.policy };
    return this.client.post(`/api/apis/oauth/${this.apiId}`, { ...body, description: 'old' });
  }

  /** What Redis has of a client: by itself, in the list and in the set. Each is its description, or null. */
  private async stored(id: string): Promise<unknown[]> {
    const prefix = `oauth-data.${this.apiId}.`;
    const described = (text: string | null): unknown =>
      text === null ? null : (JSON.parse(text) as Record<string, unknown>)['description'];
    const itself = described(await this.redis.get(`${prefix}oauth-clientid.${id}`));
    const members = await this.redis.smembers(`${prefix}oauth-clientset.oauth-clientid.`);
    const inSet = members.filter((text) => text.includes(`"id":"${id}"`)).map(described);
    const entries = await this.redis.lrange(`${prefix}oauth-client-index.${this.organisation}`, 0, -1);
    const listed = entries.filter((entry) => entry === `oauth-clientid.${id}`).map(() => itself);
    return [itself, ...(inSet.length === 0 ? [null] : inSet), ...(listed.length === 0 ? [null] : listed)];
  }

  private async described(id: string): Promise<unknown> {
    const { status, json } = await this.client.get(`/api/apis/oauth/${this.apiId}/${id}`);
    return status === 200 ? json['description'] : null;
  }

  private clientChange(name: string, id: string, ask: () => Promise<Reply>, wanted: unknown): StoreChange {
    return {
      name,
      ask,
      outcome: async () => {
        const described = await this.described(id);
        return verdict(described === wanted, await this.stored(id), described);
      },
    };
  }

  private clientCreated(): StoreChange {
    const id = unique('app');
    return this.clientChange('an OAuth client is created', id, () => this.post(id), 'old');
  }

  private async clientUpdated(): Promise<StoreChange> {
    const id = unique('app');
    okay(await this.post(id));
    const ask = (): Promise<Reply> => this.client.put(`/api/apis/oauth/${this.apiId}/${id}`, { description: 'new' });
    return this.clientChange('an OAuth client is updated', id, ask, 'new');
  }

  private async clientDeleted(): Promise<StoreChange> {
    const id = unique('app');
    okay(await this.post(id));
    const ask = (): Promise<Reply> => this.client.delete(`/api/apis/oauth/${this.apiId}/${id}`);
    return this.clientChange('an OAuth client is deleted', id, ask, null);
  }
}
