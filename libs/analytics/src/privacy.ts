import { canonicalAddress, truncatedAddress } from './address';
import { redactMessage, type MessageRules } from './http-message';
import type { AnalyticsRecord } from './record';

/** What an organisation wants kept of people who call its APIs. */
export interface Privacy {
  readonly addresses: 'keep' | 'truncate' | 'drop';
  readonly dropQuery: boolean;
  readonly redactHeaders: readonly string[];
  /** Leaves out the messages of detailed recording altogether. */
  readonly dropMessages: boolean;
  /** Requests of which nothing at all is kept. */
  readonly leaveOut: {
    readonly apis: readonly string[];
    /** Hashes of keys, as records have them. */
    readonly keys: readonly string[];
    /** Beginnings of paths. */
    readonly paths: readonly string[];
  };
}

export const defaultPrivacy: Privacy = {
  addresses: 'keep',
  dropQuery: false,
  redactHeaders: [],
  dropMessages: false,
  leaveOut: { apis: [], keys: [], paths: [] },
};

/** Whether nothing of the record may be kept, not even in sums. */
export const isLeftOut = ({ apiId, apiKey, path }: AnalyticsRecord, { leaveOut }: Privacy): boolean =>
  leaveOut.apis.includes(apiId) ||
  leaveOut.keys.includes(apiKey) ||
  leaveOut.paths.some((beginning) => path.startsWith(beginning));

/** A record as it may be kept, and the true sizes of messages that had to be cut, in bytes. */
export interface KeptRecord {
  readonly record: AnalyticsRecord;
  readonly cut: { readonly rawRequest?: number; readonly rawResponse?: number };
}

/** @param messageLimit longest message of a detailed recording that is kept whole, in bytes */
export const applyPrivacy = (record: AnalyticsRecord, privacy: Privacy, messageLimit: number): KeptRecord => {
  const rules: MessageRules = {
    headers: privacy.redactHeaders,
    dropQuery: privacy.dropQuery,
    dropAddresses: privacy.addresses !== 'keep',
  };
  const request = keptMessage(record.rawRequest, privacy, rules, messageLimit);
  const response = keptMessage(record.rawResponse, privacy, rules, messageLimit);
  return {
    record: {
      ...record,
      ipAddress: keptAddress(record.ipAddress, privacy),
      path: keptPath(record.path, privacy),
      rawPath: keptPath(record.rawPath, privacy),
      originalPath: keptPath(record.originalPath, privacy),
      rawRequest: request.text,
      rawResponse: response.text,
    },
    cut: {
      ...(request.size === null ? {} : { rawRequest: request.size }),
      ...(response.size === null ? {} : { rawResponse: response.size }),
    },
  };
};

const keptAddress = (address: string, { addresses }: Privacy): string => {
  if (addresses === 'drop') return '';
  return addresses === 'truncate' ? truncatedAddress(address) : canonicalAddress(address);
};

const keptPath = (path: string, { dropQuery }: Privacy): string => (dropQuery ? (path.split('?', 1)[0] ?? '') : path);

const keptMessage = (
  base64: string,
  { dropMessages }: Privacy,
  rules: MessageRules,
  limit: number,
): { readonly text: string; readonly size: number | null } => {
  if (base64 === '' || dropMessages) return { text: '', size: null };
  const bytes = Buffer.from(base64, 'base64');
  const kept = bytes.length > limit ? wholeCharacters(bytes.subarray(0, limit)) : bytes;
  const text = Buffer.from(redactMessage(kept.toString('latin1'), rules), 'latin1').toString('base64');
  return { text, size: kept.length < bytes.length ? bytes.length : null };
};

/** Without the beginning of a character of UTF-8 that was cut in two. */
const wholeCharacters = (bytes: Buffer): Buffer => {
  let end = bytes.length;
  while (end > 0 && bytes.length - end < 3 && ((bytes[end - 1] ?? 0) & 0xc0) === 0x80) end -= 1;
  const lead = bytes[end - 1] ?? 0;
  const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
  return end - 1 + length > bytes.length ? bytes.subarray(0, end - 1) : bytes;
};
