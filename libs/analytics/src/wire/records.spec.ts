import { anAnalyticsRecord, anUptimeRecord, encodeRecord, type RecordGeneration } from '@castellan/testing';
import { realDocuments } from '../../../../test/fixtures/load';
import { uptimeWithGoNames, withGoNames } from '../testing/go-names';
import { decodeRecord, decodeUptime, namesIn, recordLists, uptimeList } from './lists';
import { UnreadableRecord } from './unreadable';

/** Elements of gateways' lists, as they came and, but for Protocol Buffers, as another program decoded them. */
const captures = ['v3.1.3', 'v5.2.5', 'v5.14.0']
  .flatMap((version) => realDocuments(`redis/${version}/analytics.jsonl`))
  .flatMap(({ file, document: { list: from, raw, decoded } }) =>
    typeof from === 'string' && typeof raw === 'string'
      ? [{ name: file, from, raw: Buffer.from(raw, 'base64'), decoded }]
      : [],
  );

const list = 'analytics-tyk-system-analytics';
const millis = (value: unknown): number => {
  const [seconds = 0, nanoseconds = 0] = value as readonly number[];
  return seconds * 1_000 + Math.floor(nanoseconds / 1_000_000);
};

const isFields = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

/** The fields as they should come out: what this generation does not write is the type's zero value. */
const expected = (fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => {
  const latency = fields['Latency'] as { Total: number; Upstream: number; Gateway?: number };
  const geo = fields['Geo'] as { Country: object; City: { Names: object | null }; Location: object };
  return {
    ApiSchema: '',
    OriginalPath: '',
    ListenPath: '',
    ...Object.fromEntries(
      Object.entries(fields).filter(([name]) => !['GraphQLStats', 'MCPStats', 'CollectionName'].includes(name)),
    ),
    TimeStamp: millis(fields['TimeStamp']),
    ExpireAt: millis(fields['ExpireAt']),
    Latency: { Gateway: latency.Total - latency.Upstream, ...latency },
    Geo: { ...geo, City: { GeoNameID: 0, ...geo.City, Names: geo.City.Names ?? {} } },
    Tags: fields['Tags'] ?? [],
  };
};

describe('records of every generation of gateways', () => {
  it.each<RecordGeneration>(['v3', 'v5.2', 'v5.14'])('%s decodes field for field', (generation) => {
    const fields = anAnalyticsRecord(
      {
        ResponseCode: 403,
        ContentLength: 3_000_000_000,
        Tags: ['edge', 'key-1'],
        TrackPath: true,
        Geo: {
          Country: { ISOCode: 'NL' },
          City: { GeoNameID: 2_750_053, Names: { en: 'Made Up City' } },
          Location: { Latitude: 52.25, Longitude: 4.75, TimeZone: 'Europe/Amsterdam' },
        },
      },
      generation,
    );
    expect(withGoNames(decodeRecord(list, encodeRecord(fields)))).toEqual(expected(fields));
  });

  // Without captures there would be no test of this name, which Jest takes for a mistake.
  it('are captured from real gateways, where such captures are at hand', () => {
    for (const { name, from, raw, decoded } of captures) {
      if (from === uptimeList) {
        if (!isFields(decoded)) throw new TypeError(`${name} is not decoded`);
        const uptime = {
          ...decoded,
          TimeStamp: millis(decoded['TimeStamp']),
          ExpireAt: millis(decoded['ExpireAt']),
        };
        expect([name, uptimeWithGoNames(decodeUptime(raw))]).toEqual([name, uptime]);
        continue;
      }
      const record = decodeRecord(from, raw);
      if (!isFields(decoded)) {
        expect([name, record.method, record.path, record.responseCode]).toEqual([name, 'GET', '/v0', 200]);
        expect([record.orgId, record.apiName, record.apiVersion]).toEqual([
          '5c4fed5c040adb18bab6d0df',
          'Open main',
          'Non Versioned',
        ]);
        expect(record.tags).toContain('api-ee1635909c1a504b6bb396618d2c7c4e');
        expect(record.timeStamp.getUTCFullYear()).toBe(2026);
        expect(record.expireAt?.getUTCFullYear()).toBe(2126);
      } else expect([name, withGoNames(record)]).toEqual([name, expected(decoded)]);
    }
  });

  it('reads what the host checker wrote', () => {
    const fields = anUptimeRecord({ ResponseCode: 521, TCPError: true });
    const times = { TimeStamp: millis(fields['TimeStamp']), ExpireAt: millis(fields['ExpireAt']) };
    expect(uptimeWithGoNames(decodeUptime(encodeRecord(fields)))).toEqual({ ...fields, ...times });
  });

  it('knows the 22 lists', () => {
    expect(recordLists).toHaveLength(22);
    expect(new Set(recordLists)).toContain('analytics-tyk-system-analytics_9_protobuf');
  });

  it('takes a record of which most is missing, and fields that nobody knows yet', () => {
    const { TimeStamp } = anAnalyticsRecord();
    const record = decodeRecord(list, encodeRecord({ TimeStamp, OrgID: 'o', Later: { than: ['this'] } }));
    expect(record).toMatchObject({ orgId: 'o', responseCode: 0, tags: [], latency: { total: 0 }, graphQl: null });
  });

  it('keeps names that objects of JavaScript have as ordinary ones', () => {
    const names = '{"__proto__":"x","constructor":"y","toString":"z"}';
    const geo = { Country: {}, City: { Names: JSON.parse(names) as unknown } };
    // The encoder leaves `__proto__` out, so the name is put in by hand.
    const bytes = encodeRecord(anAnalyticsRecord({ Geo: geo }));
    const patched = Buffer.from(
      bytes.toString('latin1').replace('\xabconstructor', '\xa9__proto__').replace('__proto__\xa1y', '__proto__\xa1y'),
      'latin1',
    );
    expect([...decodeRecord(list, patched).geo.names]).toContainEqual(['__proto__', 'y']);
    expect(({} as Readonly<Record<string, unknown>>)['x']).toBeUndefined();
  });
});

describe('numbers', () => {
  it('are whole and within 64 bits, whatever is written in their place', () => {
    const latency = { Total: 1e308, Upstream: -1e308 };
    const odd = { ResponseCode: 200.7, RequestTime: -0.5, ContentLength: '7', Day: Number.NaN, Hour: Infinity };
    const record = decodeRecord(list, encodeRecord(anAnalyticsRecord({ ...odd, Latency: latency })));
    const { responseCode, requestTime, contentLength, day, hour } = record;
    expect([responseCode, Math.abs(requestTime), contentLength, day, hour]).toEqual([200, 0, 0, 0, 0]);
    expect(record.latency).toMatchObject({ total: 2 ** 63, upstream: -(2 ** 63) });
  });
});

describe('times', () => {
  const at = 1_795_663_408;
  const timeOf = (bytes: readonly number[] | Buffer): number => {
    const name = Buffer.concat([Buffer.from([0x81, 0xa9]), Buffer.from('TimeStamp')]);
    return decodeRecord(list, Buffer.concat([name, Buffer.from(bytes)])).timeStamp.getTime();
  };
  const seconds = Buffer.alloc(4);
  seconds.writeUInt32BE(at);
  const packed = Buffer.alloc(8);
  packed.writeBigUInt64BE((500_000_000n << 34n) | BigInt(at));
  const long = Buffer.alloc(12);
  long.writeUInt32BE(500_000_000);
  long.writeBigInt64BE(BigInt(at), 4);

  it.each([
    ['an array', Buffer.concat([Buffer.from([0x92, 0xce]), seconds, Buffer.from([0xce, 0x1d, 0xcd, 0x65, 0x00])]), 500],
    ['whole seconds', Buffer.concat([Buffer.from([0xce]), seconds]), 0],
    ['the extension of 4 bytes', Buffer.concat([Buffer.from([0xd6, 0xff]), seconds]), 0],
    ['the extension of 8 bytes', Buffer.concat([Buffer.from([0xd7, 0xff]), packed]), 500],
    ['the extension of 12 bytes', Buffer.concat([Buffer.from([0xc7, 12, 0xff]), long]), 500],
  ])('are the same instant as %s', (_, bytes, rest) => {
    expect(timeOf(bytes)).toBe(at * 1_000 + rest);
  });

  it.each([
    ['a hundred years from now', [at + 3_153_600_000, 0], new Date((at + 3_153_600_000) * 1_000)],
    ['just beyond 32 bits', [2 ** 32 + 1, 0], new Date((2 ** 32 + 1) * 1_000)],
    ['before 1970', [-1, 0], new Date(-1_000)],
    ['beyond the year 9999', [253_402_300_800, 0], new Date('9999-12-31T23:59:59.999Z')],
    ['Go’s zero time', [-62_135_596_800, 0], null],
  ])('are right %s', (_, ExpireAt, date) => {
    expect(decodeRecord(list, encodeRecord(anAnalyticsRecord({ ExpireAt }))).expireAt).toEqual(date);
  });
});

describe('bytes that are no record', () => {
  const good = encodeRecord(anAnalyticsRecord());
  it.each([
    ['nothing', Buffer.alloc(0)],
    ['text', Buffer.from('no record')],
    ['a record that is cut off', good.subarray(0, good.length - 3)],
    ['a record with more after it', Buffer.concat([good, Buffer.from([0xc0])])],
    ['a record without a time', encodeRecord({ OrgID: 'x' })],
    ['a record whose time is nil', encodeRecord(anAnalyticsRecord({ TimeStamp: null }))],
    ['the head of a list of 4 billion', Buffer.from([0xdd, 0xff, 0xff, 0xff, 0xff])],
    ['the head of a map of 4 billion', Buffer.from([0xdf, 0xff, 0xff, 0xff, 0xff])],
    ['a text longer than the bytes', Buffer.from([0xdb, 0x7f, 0xff, 0xff, 0xff, 0x61])],
    ['24,000 lists in each other', Buffer.concat(Array.from({ length: 24_000 }, () => Buffer.from([0xdc, 0, 1])))],
    ['a byte that MessagePack does not use', Buffer.from([0xc1])],
  ])('%s is refused, in either form', (_, bytes) => {
    const before = process.memoryUsage().heapUsed;
    expect(() => decodeRecord(list, bytes)).toThrow(UnreadableRecord);
    expect(() => decodeRecord(`${list}_protobuf`, bytes)).toThrow(UnreadableRecord);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(50 * 1024 * 1024);
  });

  it('is read as far as it goes, to know whose it is and of whom', () => {
    const whole = encodeRecord(anAnalyticsRecord({ OrgID: 'o', APIKey: 'k', Alias: 'a', IPAddress: '192.0.2.7' }));
    const names = { orgId: 'o', apiKey: 'k', alias: 'a', ipAddress: '192.0.2.7' };
    const none = { orgId: '', apiKey: '', alias: '', ipAddress: '' };
    expect(namesIn(list, whole)).toEqual(names);
    for (let length = 0; length < whole.length; length += 1) {
      const found = namesIn(list, whole.subarray(0, length));
      for (const [name, text] of Object.entries(found)) expect(['', Reflect.get(names, name)]).toContain(text);
    }
    expect(namesIn(list, whole.subarray(0, whole.indexOf('RawRequest')))).toEqual({ ...none, orgId: 'o', apiKey: 'k' });
    // In Protocol Buffers: key, organisation and address, and then a field that is longer than what is there.
    const cut = Buffer.from('\x62\x01k\x8a\x01\x01o\xb2\x01\x09192.0.2.7\xd2\x01\x7f', 'latin1');
    expect(namesIn(`${list}_protobuf`, cut)).toEqual({ ...names, alias: '' });
    for (const nothing of [Buffer.alloc(0), Buffer.from('no record'), Buffer.from([0xdf, 0xff, 0xff, 0xff, 0xff])]) {
      for (const one of [list, `${list}_protobuf`]) expect(namesIn(one, nothing)).toEqual(none);
    }
  });
});
