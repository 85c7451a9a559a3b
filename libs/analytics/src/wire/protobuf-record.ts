import type { AnalyticsRecord, Geo, GraphQlStats, Latency, McpStats, Network } from '../record';
import {
  decodeMessage,
  doubleOf,
  flagOf,
  intOf,
  messageOf,
  messagesOf,
  readableMessage,
  textOf,
  textsOf,
  type Message,
} from './protobuf';
import type { RecordNames } from './names';
import { dateFrom } from './time';
import { UnreadableRecord } from './unreadable';

const empty: Message = new Map();

/**
 * The record of one request as gateways write it with `serializer_type: protobuf`. Numbers of the fields are those of
 * `analytics.proto` in github.com/TykTechnologies/tyk-pump.
 *
 * @throws UnreadableRecord
 */
export const recordFromProtobuf = (bytes: Buffer): AnalyticsRecord => {
  if (bytes.length === 0) throw new UnreadableRecord('Empty');
  const message = decodeMessage(bytes);
  const timeStamp = timeOf(messageOf(message, 13));
  if (timeStamp === null) throw new UnreadableRecord('Without a TimeStamp');
  return {
    host: textOf(message, 1),
    method: textOf(message, 2),
    path: textOf(message, 3),
    rawPath: textOf(message, 4),
    contentLength: intOf(message, 5),
    userAgent: textOf(message, 6),
    day: intOf(message, 7),
    month: intOf(message, 8),
    year: intOf(message, 9),
    hour: intOf(message, 10),
    responseCode: intOf(message, 11),
    apiKey: textOf(message, 12),
    timeStamp,
    apiVersion: textOf(message, 14),
    apiName: textOf(message, 15),
    apiId: textOf(message, 16),
    orgId: textOf(message, 17),
    requestTime: intOf(message, 18),
    latency: latencyOf(messageOf(message, 19) ?? empty),
    rawRequest: textOf(message, 20),
    rawResponse: textOf(message, 21),
    ipAddress: textOf(message, 22),
    geo: geoOf(messageOf(message, 23) ?? empty),
    network: networkOf(messageOf(message, 24) ?? empty),
    tags: textsOf(message, 25),
    alias: textOf(message, 26),
    trackPath: flagOf(message, 27),
    expireAt: timeOf(messageOf(message, 28)),
    oauthId: textOf(message, 29),
    apiSchema: textOf(message, 31),
    graphQl: graphQlOf(messageOf(message, 32) ?? empty),
    mcp: mcpOf(messageOf(message, 33) ?? empty),
    originalPath: textOf(message, 34),
    listenPath: textOf(message, 35),
  };
};

/** Whose record it is, and of whom, as far as that can be read. */
export const namesInProtobuf = (bytes: Buffer): RecordNames => {
  const message = readableMessage(bytes);
  return {
    orgId: textOf(message, 17),
    apiKey: textOf(message, 12),
    alias: textOf(message, 26),
    ipAddress: textOf(message, 22),
  };
};

const timeOf = (message: Message | null): Date | null =>
  message === null ? null : dateFrom(intOf(message, 1), intOf(message, 2));

/** This form has no field for the gateway's own share. */
const latencyOf = (message: Message): Latency => {
  const total = intOf(message, 1);
  const upstream = intOf(message, 2);
  return { total, upstream, gateway: Math.max(total - upstream, 0) };
};

const geoOf = (message: Message): Geo => {
  const city = messageOf(message, 2) ?? empty;
  const location = messageOf(message, 3) ?? empty;
  return {
    isoCode: textOf(messageOf(message, 1) ?? empty, 1),
    names: new Map(messagesOf(city, 1).map((entry) => [textOf(entry, 1), textOf(entry, 2)])),
    geoNameId: intOf(city, 2),
    latitude: doubleOf(location, 1),
    longitude: doubleOf(location, 2),
    timeZone: textOf(location, 3),
  };
};

const networkOf = (message: Message): Network => ({
  openConnections: intOf(message, 1),
  closedConnections: intOf(message, 2),
  bytesIn: intOf(message, 3),
  bytesOut: intOf(message, 4),
});

const graphQlOf = (message: Message): GraphQlStats | null => {
  if (!flagOf(message, 1)) return null;
  return { operationType: intOf(message, 3), rootFields: textsOf(message, 5), hasErrors: flagOf(message, 6) };
};

const mcpOf = (message: Message): McpStats | null => {
  if (!flagOf(message, 1)) return null;
  return { method: textOf(message, 2), primitiveType: textOf(message, 3), primitiveName: textOf(message, 4) };
};
