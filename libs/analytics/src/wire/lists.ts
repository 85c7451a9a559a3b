import type { AnalyticsRecord, UptimeRecord } from '../record';
import { namesInMessagePack, recordFromMessagePack, uptimeFromMessagePack } from './msgpack-record';
import type { RecordNames } from './names';
import { namesInProtobuf, recordFromProtobuf } from './protobuf-record';

const base = 'analytics-tyk-system-analytics';
const protobufEnding = '_protobuf';

/** Where gateways put what the host checker found. */
export const uptimeList = 'host-checker:tyk-uptime-analytics';

/**
 * The 22 lists that gateways put their records into: one, or ten with `enable_multiple_analytics_keys`, each in either form
 * of `serializer_type`.
 */
export const recordLists: readonly string[] = [
  base,
  ...Array.from({ length: 10 }, (_, shard) => `${base}_${shard}`),
].flatMap((name) => [name, `${name}${protobufEnding}`]);

/** Every list that a purger takes. */
export const analyticsLists: readonly string[] = [...recordLists, uptimeList];

/** What stands in a list. @throws UnreadableRecord */
export const decodeRecord = (list: string, bytes: Buffer): AnalyticsRecord =>
  list.endsWith(protobufEnding) ? recordFromProtobuf(bytes) : recordFromMessagePack(bytes);

/** What stands in the list of the host checker. @throws UnreadableRecord */
export const decodeUptime = (bytes: Buffer): UptimeRecord => uptimeFromMessagePack(bytes);

/** Whose it is what stands in a list, and of whom, though it may be cut off or damaged: then it is what comes before that. */
export const namesIn = (list: string, bytes: Buffer): RecordNames =>
  list.endsWith(protobufEnding) ? namesInProtobuf(bytes) : namesInMessagePack(bytes);
