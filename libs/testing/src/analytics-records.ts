import { createHash } from 'node:crypto';
import { encode } from '@msgpack/msgpack';

/** Which gateways write records so. */
export type RecordGeneration = 'v3' | 'v5.2' | 'v5.14';

type Fields = Readonly<Record<string, unknown>>;

/** A time as gateways write it. */
export const wireTime = (at: Date): readonly [seconds: number, nanoseconds: number] => {
  const millis = at.getTime();
  const seconds = Math.floor(millis / 1_000);
  return [seconds, (millis - seconds * 1_000) * 1_000_000 + 829_523];
};

const hundredYearsMs = 3_153_600_000_000;

/**
 * The fields of a record as a gateway of that generation writes them, in its order: the request of a key's owner that was
 * answered 200 after 17 milliseconds, unless something else is said.
 */
export const anAnalyticsRecord = (overrides: Fields = {}, generation: RecordGeneration = 'v5.2'): Fields => {
  const at = overrides['at'] instanceof Date ? overrides['at'] : new Date();
  const fields = Object.fromEntries(Object.entries(overrides).filter(([name]) => name !== 'at'));
  const latency = { Total: 17, Upstream: 12 };
  const record = {
    Method: 'GET',
    Host: '127.0.0.1:40865',
    Path: '/a/b',
    RawPath: '/a/b',
    ContentLength: 0,
    UserAgent: 'test/1',
    Day: at.getUTCDate(),
    Month: at.getUTCMonth() + 1,
    Year: at.getUTCFullYear(),
    Hour: at.getUTCHours(),
    ResponseCode: 200,
    APIKey: '00000000',
    TimeStamp: wireTime(at),
    APIVersion: 'Non Versioned',
    APIName: 'Echo',
    APIID: 'e'.repeat(32),
    OrgID: '5c4fed5c040adb18bab6d0df',
    OauthID: '',
    RequestTime: 17,
    RawRequest: '',
    RawResponse: '',
    IPAddress: '203.0.113.7',
    Geo: {
      Country: { ISOCode: '' },
      City: { ...(generation === 'v3' ? {} : { GeoNameID: 0 }), Names: null },
      Location: { Latitude: 0, Longitude: 0, TimeZone: '' },
    },
    Network: { OpenConnections: 0, ClosedConnection: 0, BytesIn: 0, BytesOut: 0 },
    Latency: generation === 'v5.14' ? { ...latency, Gateway: 5 } : latency,
    Tags: [],
    Alias: '',
    TrackPath: false,
    ExpireAt: wireTime(new Date(at.getTime() + hundredYearsMs)),
    ...(generation === 'v3' ? {} : { ApiSchema: '' }),
    ...(generation === 'v5.14' ? newerFields : {}),
  };
  return { ...record, ...fields };
};

const newerFields: Fields = {
  OriginalPath: '/echo/a/b',
  ListenPath: '/echo/',
  GraphQLStats: {
    Variables: '',
    RootFields: null,
    Types: null,
    Errors: null,
    OperationType: 0,
    HasErrors: false,
    IsGraphQL: false,
  },
  MCPStats: { IsMCP: false, JSONRPCMethod: '', PrimitiveType: '', PrimitiveName: '' },
  CollectionName: '',
};

/** The bytes that a gateway puts into its list. */
export const encodeRecord = (fields: Fields): Buffer => Buffer.from(encode(fields));

/** What the host checker of a gateway writes. */
export const anUptimeRecord = (overrides: Fields = {}): Fields => {
  const at = overrides['at'] instanceof Date ? overrides['at'] : new Date();
  const fields = Object.fromEntries(Object.entries(overrides).filter(([name]) => name !== 'at'));
  return {
    URL: 'http://127.0.0.1:40865/up',
    RequestTime: 2,
    ResponseCode: 200,
    TCPError: false,
    ServerError: false,
    Day: at.getUTCDate(),
    Month: at.getUTCMonth() + 1,
    Year: at.getUTCFullYear(),
    Hour: at.getUTCHours(),
    Minute: at.getUTCMinutes(),
    TimeStamp: wireTime(at),
    ExpireAt: wireTime(new Date(at.getTime() + 86_400_000)),
    APIID: 'e'.repeat(32),
    OrgID: '5c4fed5c040adb18bab6d0df',
    ...fields,
  };
};

/** The list that gateways use unless they are told otherwise. */
export const analyticsList = 'analytics-tyk-system-analytics';

/** Traffic that looks like some: few keys and paths that take most of it, errors, tags and countries; always the same. */
export const someTraffic = (count: number, orgId: string, from: Date, overMs: number): readonly Fields[] =>
  Array.from({ length: count }, (_, index) => {
    const dice = createHash('sha256').update(`traffic ${index}`).digest();
    const pick = (place: number, of: number): number => Math.floor((dice.readUInt8(place) / 256) ** 2 * of);
    const code = [200, 200, 200, 201, 204, 301, 404, 429, 500, 200][pick(0, 10)] ?? 200;
    const refused = code === 429;
    const total = refused ? 0 : 1 + (dice.readUInt16BE(1) % 900);
    const api = pick(3, 5);
    const key = pick(4, 20);
    return anAnalyticsRecord({
      at: new Date(from.getTime() + Math.floor((index / count) * overMs)),
      OrgID: orgId,
      APIID: `api${api}`.padEnd(32, '0'),
      APIName: `API ${api}`,
      APIVersion: pick(5, 2) === 0 ? 'Non Versioned' : 'v2',
      APIKey: key === 0 ? '00000000' : `key${key}`,
      Alias: key === 0 ? '' : `alias ${key}`,
      Path: `/p.${pick(6, 30)}/{id}`,
      ResponseCode: code,
      RequestTime: total,
      Latency: { Total: total, Upstream: Math.floor(total * 0.8) },
      IPAddress: `203.0.113.${dice.readUInt8(7)}`,
      ContentLength: dice.readUInt16BE(8),
      OauthID: pick(10, 4) === 3 ? 'client' : '',
      Tags: pick(11, 3) === 0 ? [] : ['edge', 'edge', 'org-x', `x-tier.${pick(12, 3)}`],
      Geo: {
        Country: { ISOCode: ['', 'NL', 'DE', 'US'][pick(13, 4)] ?? '' },
        City: { GeoNameID: 0, Names: null },
        Location: { Latitude: 0, Longitude: 0, TimeZone: '' },
      },
    });
  });
