import type { AnalyticsRecord, Geo, GraphQlStats, Latency, McpStats, Network, UptimeRecord } from '../record';
import type { RecordNames } from './names';
import { decodeMessagePack, readableFields, type WireValue } from './msgpack';
import { dateOf } from './time';
import { UnreadableRecord } from './unreadable';

type Fields = ReadonlyMap<string, WireValue>;

const none: Fields = new Map();
const largest = 2 ** 63;

// Reads as Go decodes: what is missing, null or of another type is the type's zero value.

const text = (fields: Fields, name: string): string => {
  const value = fields.get(name);
  if (Buffer.isBuffer(value)) return value.toString('utf8');
  return typeof value === 'string' ? value : '';
};
const fraction = (fields: Fields, name: string): number => {
  const value = fields.get(name);
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
};
/** Whole, and within 64 bits: what is none is cut to that. */
const number = (fields: Fields, name: string): number =>
  Math.min(Math.max(Math.trunc(fraction(fields, name)), -largest), largest);
const flag = (fields: Fields, name: string): boolean => fields.get(name) === true;
const inner = (fields: Fields, name: string): Fields => asFields(fields.get(name)) ?? none;
const texts = (fields: Fields, name: string): readonly string[] => {
  const value = fields.get(name);
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
};

const asFields = (value: WireValue | undefined): Fields | null => (value instanceof Map ? (value as Fields) : null);

const fieldsOf = (bytes: Buffer): Fields => {
  if (bytes.length === 0) throw new UnreadableRecord('Empty');
  const fields = asFields(decodeMessagePack(bytes));
  if (fields === null) throw new UnreadableRecord('Not a map of fields');
  return fields;
};

const timeStampOf = (fields: Fields): Date => {
  const date = dateOf(fields.get('TimeStamp'));
  if (date === null) throw new UnreadableRecord('Without a TimeStamp');
  return date;
};

/** The record of one request. Fields that are not known are left out. @throws UnreadableRecord */
export const recordFromMessagePack = (bytes: Buffer): AnalyticsRecord => {
  const fields = fieldsOf(bytes);
  return {
    method: text(fields, 'Method'),
    host: text(fields, 'Host'),
    path: text(fields, 'Path'),
    rawPath: text(fields, 'RawPath'),
    contentLength: number(fields, 'ContentLength'),
    userAgent: text(fields, 'UserAgent'),
    day: number(fields, 'Day'),
    month: number(fields, 'Month'),
    year: number(fields, 'Year'),
    hour: number(fields, 'Hour'),
    responseCode: number(fields, 'ResponseCode'),
    apiKey: text(fields, 'APIKey'),
    timeStamp: timeStampOf(fields),
    apiVersion: text(fields, 'APIVersion'),
    apiName: text(fields, 'APIName'),
    apiId: text(fields, 'APIID'),
    orgId: text(fields, 'OrgID'),
    oauthId: text(fields, 'OauthID'),
    requestTime: number(fields, 'RequestTime'),
    rawRequest: text(fields, 'RawRequest'),
    rawResponse: text(fields, 'RawResponse'),
    ipAddress: text(fields, 'IPAddress'),
    geo: geoOf(inner(fields, 'Geo')),
    network: networkOf(inner(fields, 'Network')),
    latency: latencyOf(inner(fields, 'Latency')),
    tags: texts(fields, 'Tags'),
    alias: text(fields, 'Alias'),
    trackPath: flag(fields, 'TrackPath'),
    expireAt: dateOf(fields.get('ExpireAt')),
    apiSchema: text(fields, 'ApiSchema'),
    originalPath: text(fields, 'OriginalPath'),
    listenPath: text(fields, 'ListenPath'),
    graphQl: graphQlOf(inner(fields, 'GraphQLStats')),
    mcp: mcpOf(inner(fields, 'MCPStats')),
  };
};

/** Whose record it is, and of whom, as far as that can be read. */
export const namesInMessagePack = (bytes: Buffer): RecordNames => {
  const fields = readableFields(bytes);
  return {
    orgId: text(fields, 'OrgID'),
    apiKey: text(fields, 'APIKey'),
    alias: text(fields, 'Alias'),
    ipAddress: text(fields, 'IPAddress'),
  };
};

/** What the host checker found. @throws UnreadableRecord */
export const uptimeFromMessagePack = (bytes: Buffer): UptimeRecord => {
  const fields = fieldsOf(bytes);
  return {
    url: text(fields, 'URL'),
    requestTime: number(fields, 'RequestTime'),
    responseCode: number(fields, 'ResponseCode'),
    tcpError: flag(fields, 'TCPError'),
    serverError: flag(fields, 'ServerError'),
    day: number(fields, 'Day'),
    month: number(fields, 'Month'),
    year: number(fields, 'Year'),
    hour: number(fields, 'Hour'),
    minute: number(fields, 'Minute'),
    timeStamp: timeStampOf(fields),
    expireAt: dateOf(fields.get('ExpireAt')),
    apiId: text(fields, 'APIID'),
    orgId: text(fields, 'OrgID'),
  };
};

const geoOf = (fields: Fields): Geo => {
  const city = inner(fields, 'City');
  const location = inner(fields, 'Location');
  return {
    isoCode: text(inner(fields, 'Country'), 'ISOCode'),
    geoNameId: number(city, 'GeoNameID'),
    names: new Map(
      [...inner(city, 'Names')].flatMap(([language, name]) => (typeof name === 'string' ? [[language, name]] : [])),
    ),
    latitude: fraction(location, 'Latitude'),
    longitude: fraction(location, 'Longitude'),
    timeZone: text(location, 'TimeZone'),
  };
};

const networkOf = (fields: Fields): Network => ({
  openConnections: number(fields, 'OpenConnections'),
  closedConnections: number(fields, 'ClosedConnection'),
  bytesIn: number(fields, 'BytesIn'),
  bytesOut: number(fields, 'BytesOut'),
});

const latencyOf = (fields: Fields): Latency => {
  const total = number(fields, 'Total');
  const upstream = number(fields, 'Upstream');
  const gateway = fields.has('Gateway') ? number(fields, 'Gateway') : Math.max(total - upstream, 0);
  return { total, upstream, gateway };
};

const graphQlOf = (fields: Fields): GraphQlStats | null => {
  if (!flag(fields, 'IsGraphQL')) return null;
  return {
    operationType: number(fields, 'OperationType'),
    hasErrors: flag(fields, 'HasErrors'),
    rootFields: texts(fields, 'RootFields'),
  };
};

const mcpOf = (fields: Fields): McpStats | null => {
  if (!flag(fields, 'IsMCP')) return null;
  return {
    method: text(fields, 'JSONRPCMethod'),
    primitiveType: text(fields, 'PrimitiveType'),
    primitiveName: text(fields, 'PrimitiveName'),
  };
};
