import { decodeRecord } from './lists';

const list = 'analytics-tyk-system-analytics_3_protobuf';

const varint = (value: bigint): number[] => {
  const bits = BigInt.asUintN(64, value);
  return bits < 0x80n ? [Number(bits)] : [Number(bits & 0x7fn) | 0x80, ...varint(bits >> 7n)];
};
const number = (field: number, value: bigint | number): Buffer =>
  Buffer.from([...varint(BigInt(field) << 3n), ...varint(BigInt(value))]);
const bytes = (field: number, value: Buffer | string): Buffer => {
  const data = Buffer.from(value);
  return Buffer.concat([Buffer.from([...varint((BigInt(field) << 3n) | 2n), ...varint(BigInt(data.length))]), data]);
};
const double = (field: number, value: number): Buffer => {
  const data = Buffer.alloc(8);
  data.writeDoubleLE(value);
  return Buffer.concat([Buffer.from(varint((BigInt(field) << 3n) | 1n)), data]);
};
const message = (...fields: readonly Buffer[]): Buffer => Buffer.concat([...fields]);

/** Fields by number, as `analytics.proto` of tyk-pump has them. */
const record = message(
  bytes(1, '127.0.0.1:40865'),
  bytes(2, 'POST'),
  bytes(3, '/p/{id}'),
  bytes(4, '/p/7'),
  number(5, 3_000_000_000),
  bytes(6, 'test/1'),
  number(7, 26),
  number(8, 11),
  number(9, 2026),
  number(10, 3),
  number(11, -1n),
  bytes(12, 'a5f1'),
  bytes(13, message(number(1, 1_795_663_408), number(2, 18_829_523))),
  bytes(14, 'v2'),
  bytes(15, 'Echo'),
  bytes(16, 'e'.repeat(32)),
  bytes(17, '5c4fed5c040adb18bab6d0df'),
  number(18, 17),
  bytes(19, message(number(1, 17), number(2, 12))),
  bytes(20, 'UkVR'),
  bytes(22, '203.0.113.7'),
  bytes(
    23,
    message(
      bytes(1, bytes(1, 'NL')),
      bytes(2, message(bytes(1, message(bytes(1, 'en'), bytes(2, 'Made Up City'))), number(2, 2_750_053))),
      bytes(3, message(double(1, 52.25), double(2, 4.75), bytes(3, 'Europe/Amsterdam'))),
    ),
  ),
  bytes(24, message(number(1, 1), number(2, 2), number(3, 3_000_000_000), number(4, 4))),
  bytes(25, 'edge'),
  bytes(25, 'org-5c4fed5c040adb18bab6d0df'),
  bytes(26, 'alias'),
  number(27, 1),
  bytes(28, message(number(1, 4_949_263_408))),
  bytes(29, 'client'),
  bytes(30, 'Local'),
  bytes(32, message(number(1, 1), number(3, 2), bytes(5, 'hello'), number(6, 1))),
  bytes(33, message(number(1, 1), bytes(2, 'tools/call'), bytes(3, 'tool'), bytes(4, 'add'))),
  bytes(34, '/echo/p/7'),
  bytes(35, '/echo/'),
  bytes(99, 'a field that nobody knows yet'),
);

describe('records in Protocol Buffers', () => {
  it('decode field for field', () => {
    expect(decodeRecord(list, record)).toEqual({
      method: 'POST',
      host: '127.0.0.1:40865',
      path: '/p/{id}',
      rawPath: '/p/7',
      contentLength: 3_000_000_000,
      userAgent: 'test/1',
      day: 26,
      month: 11,
      year: 2026,
      hour: 3,
      responseCode: -1,
      apiKey: 'a5f1',
      timeStamp: new Date(1_795_663_408_018),
      apiVersion: 'v2',
      apiName: 'Echo',
      apiId: 'e'.repeat(32),
      orgId: '5c4fed5c040adb18bab6d0df',
      oauthId: 'client',
      requestTime: 17,
      rawRequest: 'UkVR',
      rawResponse: '',
      ipAddress: '203.0.113.7',
      geo: {
        isoCode: 'NL',
        geoNameId: 2_750_053,
        names: new Map([['en', 'Made Up City']]),
        latitude: 52.25,
        longitude: 4.75,
        timeZone: 'Europe/Amsterdam',
      },
      network: { openConnections: 1, closedConnections: 2, bytesIn: 3_000_000_000, bytesOut: 4 },
      latency: { total: 17, upstream: 12, gateway: 5 },
      tags: ['edge', 'org-5c4fed5c040adb18bab6d0df'],
      alias: 'alias',
      trackPath: true,
      expireAt: new Date(4_949_263_408_000),
      apiSchema: '',
      originalPath: '/echo/p/7',
      listenPath: '/echo/',
      graphQl: { operationType: 2, rootFields: ['hello'], hasErrors: true },
      mcp: { method: 'tools/call', primitiveType: 'tool', primitiveName: 'add' },
    });
  });

  it('are refused at every place where they may be cut off, or read without what was cut', () => {
    for (let length = 0; length < record.length; length += 1) {
      try {
        expect(decodeRecord(list, record.subarray(0, length)).timeStamp).toEqual(new Date(1_795_663_408_018));
      } catch (error) {
        expect(error).toMatchObject({ name: 'UnreadableRecord' });
      }
    }
  });
});
