import { Redis } from 'ioredis';
import {
  analyticsList,
  anAnalyticsRecord,
  anApiDefinition,
  encodeRecord,
  eventually,
  listOf,
  numberOf,
  textOf,
  type HttpClient,
  type JsonReply,
} from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation, type TestUser } from '../api-under-test';

export type Fields = Readonly<Record<string, unknown>>;

export const day = '24/12/2026/24/12/2026';
const december = '1/12/2026/31/12/2026';
export const second = (text: string): number => Date.parse(text) / 1_000;
export const logOf = (query = ''): string =>
  `/api/logs/?start=${second('2026-12-24T00:00:00Z')}&end=${second('2026-12-24T23:59:59Z')}&${query}`;
export const hitsOf = (found: readonly JsonReply[]): readonly number[] => found.map((row) => numberOf(row['hits']));

interface Started {
  readonly api: ApiUnderTest;
  readonly redis: Redis;
  readonly organisation: TestOrganisation;
  /** Has `owned_analytics` and owns one of the two APIs. */
  readonly owner: TestUser;
  readonly owned: string;
  readonly other: string;
}

/** An organisation whose two APIs had some requests, most of them on one day, and everything that asks about them. */
export class Traffic {
  private started: Started | null = null;

  get api(): ApiUnderTest {
    return this.world.api;
  }

  get redis(): Redis {
    return this.world.redis;
  }

  get organisation(): TestOrganisation {
    return this.world.organisation;
  }

  get admin(): HttpClient {
    return this.organisation.admin.client;
  }

  get owner(): TestUser {
    return this.world.owner;
  }

  /** The API that the owner owns. */
  get owned(): string {
    return this.world.owned;
  }

  get other(): string {
    return this.world.other;
  }

  async start(): Promise<void> {
    const api = await ApiUnderTest.start({ ANALYTICS_PURGE_MS: '50' });
    const redis = new Redis(api.config.redisUrl);
    const organisation = await api.organisation();
    const owner = await api.user(organisation.id, { owned_analytics: 'read', log: 'read' });
    const create = async (owners: readonly string[]): Promise<string> => {
      const body = { api_definition: anApiDefinition(), user_owners: owners };
      return textOf(expectOk(await organisation.admin.client.post('/api/apis', body)).json['ID']);
    };
    this.started = {
      ...{ api, redis, organisation, owner },
      owned: await create([owner.id]),
      other: await create([]),
    };
    await this.push(this.requests());
    await eventually(async () => hitsOf(await this.rows(this.admin, `/api/usage/${december}?res=month`))[0] === 6);
  }

  async stop(): Promise<void> {
    this.started?.redis.disconnect();
    await this.started?.api.stop();
  }

  async push(records: readonly Fields[]): Promise<void> {
    await this.redis.rpush(analyticsList, ...records.map((record) => encodeRecord(anAnalyticsRecord(record))));
  }

  /** A request to the API that is owned, unless something else is said. */
  hit(at: string, fields: Fields = {}): Fields {
    return { at: new Date(at), OrgID: this.organisation.id, APIID: this.owned, APIName: 'Owned', ...fields };
  }

  async rows(client: HttpClient, path: string): Promise<readonly JsonReply[]> {
    return listOf(expectOk(await client.get(path)).json['data']);
  }

  /** Answers the query of one's own making, about the day unless something else is said. */
  async ask(client: HttpClient, body: Fields): Promise<JsonReply> {
    const time = { from: '2026-12-24T00:00:00Z', to: '2026-12-25T00:00:00Z' };
    return expectOk(await client.post('/api/analytics/query', { ...time, ...body })).json;
  }

  private get world(): Started {
    if (this.started === null) throw new Error('Nothing has started yet');
    return this.started;
  }

  private requests(): readonly Fields[] {
    const { other } = this;
    const request = Buffer.from('GET /a HTTP/1.1\r\nAuthorization: s3cr3t-key\r\n\r\nhello').toString('base64');
    const anna = { APIKey: 'ka', Alias: 'anna' };
    return [
      this.hit('2026-12-24T10:00:00Z', {
        ...anna,
        Path: '/a.b',
        Latency: { Total: 10, Upstream: 5 },
        RequestTime: 10,
        RawRequest: request,
      }),
      this.hit('2026-12-24T10:30:00Z', {
        ...anna,
        Path: '/a',
        Latency: { Total: 20, Upstream: 10 },
        RequestTime: 20,
      }),
      this.hit('2026-12-24T11:00:00Z', {
        APIKey: 'kb',
        Path: '/a',
        ResponseCode: 429,
        Latency: { Total: 0, Upstream: 0 },
        RequestTime: 0,
        Tags: ['x-tier.a'],
      }),
      this.hit('2026-12-24T22:30:00Z', {
        ...{ APIID: other, APIName: 'Other', APIVersion: 'v2', OauthID: 'client', IPAddress: '2001:db8::7' },
        Tags: ['x-tier.a', 'edge'],
        Geo: { Country: { ISOCode: 'NL' } },
      }),
      this.hit('2026-12-24T23:30:00Z', {
        ...{ APIID: other, APIName: 'Other', APIVersion: 'v2', ResponseCode: 500, Method: 'POST' },
      }),
      this.hit('2026-12-31T23:59:59Z', { APIID: other, APIVersion: 'v2' }),
      { ...this.hit('2026-12-24T10:00:00Z'), OrgID: 'f'.repeat(24), APIKey: 'foreign', Path: '/foreign' },
      { ...this.hit('2026-12-24T10:00:00Z'), OrgID: '', APIKey: 'nobody', Path: '/nobody' },
    ];
  }
}
