import type { AnalyticsRecord, UptimeRecord } from '../record';
import type { KeptRecord } from '../privacy';

/** A request as MongoDB has it: the document that tyk-pump writes, and what we add after its fields. */
export interface RecordDocument {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly rawpath: string;
  readonly contentlength: number;
  readonly useragent: string;
  readonly day: number;
  readonly month: number;
  readonly year: number;
  readonly hour: number;
  readonly responsecode: number;
  readonly apikey: string;
  readonly timestamp: Date;
  readonly apiversion: string;
  readonly apiname: string;
  readonly apiid: string;
  readonly orgid: string;
  readonly oauthid: string;
  readonly requesttime: number;
  readonly rawrequest: string;
  readonly rawresponse: string;
  readonly ipaddress: string;
  readonly geo: {
    readonly country: { readonly isocode: string };
    readonly city: { readonly geonameid: number; readonly names: Readonly<Record<string, string>> };
    readonly location: { readonly latitude: number; readonly longitude: number; readonly timezone: string };
  };
  readonly network: {
    readonly openconnections: number;
    readonly closedconnection: number;
    readonly bytesin: number;
    readonly bytesout: number;
  };
  readonly latency: { readonly total: number; readonly upstream: number; readonly gateway?: number };
  readonly tags: readonly string[];
  readonly alias: string;
  readonly trackpath: boolean;
  readonly expireAt: Date;
  readonly graphql?: {
    readonly operationtype: number;
    readonly haserrors: boolean;
    readonly rootfields: readonly string[];
  };
  readonly mcp?: { readonly method: string; readonly primitivetype: string; readonly primitivename: string };
  /** True sizes of messages that were cut, in bytes. */
  readonly cut?: { readonly rawrequest?: number; readonly rawresponse?: number };
}

/** How long is kept what neither the record nor the organisation says anything about: gateways write a hundred years. */
const hundredYearsMs = 100 * 365 * 86_400_000;

/** @param retentionDays what the organisation wants; null leaves it to the record */
const expiryOf = (
  { expireAt }: { readonly expireAt: Date | null },
  arrival: Date,
  retentionDays: number | null,
): Date => {
  // From the arrival on, because a node's clock may be years off.
  if (retentionDays !== null) return new Date(arrival.getTime() + retentionDays * 86_400_000);
  return expireAt ?? new Date(arrival.getTime() + hundredYearsMs);
};

/** Nul cannot stand in the name of a field. */
const fieldName = (name: string): string => name.replaceAll('\0', '\u2400');

export const recordDocument = (
  { record, cut }: KeptRecord,
  arrival: Date,
  retentionDays: number | null,
): RecordDocument => ({
  method: record.method,
  host: record.host,
  path: record.path,
  rawpath: record.rawPath,
  contentlength: record.contentLength,
  useragent: record.userAgent,
  day: record.day,
  month: record.month,
  year: record.year,
  hour: record.hour,
  responsecode: record.responseCode,
  apikey: record.apiKey,
  timestamp: record.timeStamp,
  apiversion: record.apiVersion,
  apiname: record.apiName,
  apiid: record.apiId,
  orgid: record.orgId,
  oauthid: record.oauthId,
  requesttime: record.requestTime,
  rawrequest: record.rawRequest,
  rawresponse: record.rawResponse,
  ipaddress: record.ipAddress,
  geo: {
    country: { isocode: record.geo.isoCode },
    city: { geonameid: record.geo.geoNameId, names: namesOf(record) },
    location: {
      latitude: record.geo.latitude,
      longitude: record.geo.longitude,
      timezone: record.geo.timeZone,
    },
  },
  network: {
    openconnections: record.network.openConnections,
    closedconnection: record.network.closedConnections,
    bytesin: record.network.bytesIn,
    bytesout: record.network.bytesOut,
  },
  latency: { total: record.latency.total, upstream: record.latency.upstream, gateway: record.latency.gateway },
  tags: record.tags,
  alias: record.alias,
  trackpath: record.trackPath,
  expireAt: expiryOf(record, arrival, retentionDays),
  ...(record.graphQl === null
    ? {}
    : {
        graphql: {
          operationtype: record.graphQl.operationType,
          haserrors: record.graphQl.hasErrors,
          rootfields: record.graphQl.rootFields,
        },
      }),
  ...(record.mcp === null
    ? {}
    : {
        mcp: {
          method: record.mcp.method,
          primitivetype: record.mcp.primitiveType,
          primitivename: record.mcp.primitiveName,
        },
      }),
  ...(Object.keys(cut).length === 0
    ? {}
    : {
        cut: {
          ...(cut.rawRequest === undefined ? {} : { rawrequest: cut.rawRequest }),
          ...(cut.rawResponse === undefined ? {} : { rawresponse: cut.rawResponse }),
        },
      }),
});

const namesOf = ({ geo }: AnalyticsRecord): Readonly<Record<string, string>> =>
  // Defines fields, so that `__proto__` is a name like any other.
  Object.fromEntries([...geo.names].map(([language, name]) => [fieldName(language), name]));

type MayBeMissing = 'geo' | 'network' | 'latency' | 'tags' | 'rawrequest' | 'rawresponse';

/** A document as it is found: pumps of older generations write less, and lists leave out the messages. */
export type FoundDocument = Omit<RecordDocument, MayBeMissing> & Partial<Pick<RecordDocument, MayBeMissing>>;

/** The record in a document, also in one of a pump of an older generation, which lacks fields. */
export const recordFromDocument = (document: FoundDocument): AnalyticsRecord => {
  const { geo, network, latency, tags } = document;
  const total = latency?.total ?? 0;
  const upstream = latency?.upstream ?? 0;
  return {
    method: document.method,
    host: document.host,
    path: document.path,
    rawPath: document.rawpath,
    contentLength: document.contentlength,
    userAgent: document.useragent,
    day: document.day,
    month: document.month,
    year: document.year,
    hour: document.hour,
    responseCode: document.responsecode,
    apiKey: document.apikey,
    timeStamp: document.timestamp,
    apiVersion: document.apiversion,
    apiName: document.apiname,
    apiId: document.apiid,
    orgId: document.orgid,
    oauthId: document.oauthid,
    requestTime: document.requesttime,
    rawRequest: document.rawrequest ?? '',
    rawResponse: document.rawresponse ?? '',
    ipAddress: document.ipaddress,
    geo: {
      isoCode: geo?.country.isocode ?? '',
      geoNameId: geo?.city.geonameid ?? 0,
      names: new Map(Object.entries(geo?.city.names ?? {})),
      latitude: geo?.location.latitude ?? 0,
      longitude: geo?.location.longitude ?? 0,
      timeZone: geo?.location.timezone ?? '',
    },
    network: {
      openConnections: network?.openconnections ?? 0,
      closedConnections: network?.closedconnection ?? 0,
      bytesIn: network?.bytesin ?? 0,
      bytesOut: network?.bytesout ?? 0,
    },
    latency: { total, upstream, gateway: latency?.gateway ?? Math.max(total - upstream, 0) },
    tags: tags ?? [],
    alias: document.alias,
    trackPath: document.trackpath,
    expireAt: document.expireAt,
    apiSchema: '',
    originalPath: '',
    listenPath: '',
    graphQl: null,
    mcp: null,
  };
};

export interface UptimeDocument {
  readonly url: string;
  readonly requesttime: number;
  readonly responsecode: number;
  readonly tcperror: boolean;
  readonly servererror: boolean;
  readonly day: number;
  readonly month: number;
  readonly year: number;
  readonly hour: number;
  readonly minute: number;
  readonly timestamp: Date;
  readonly expireAt: Date;
  readonly apiid: string;
  readonly orgid: string;
}

export const uptimeDocument = (record: UptimeRecord, arrival: Date, retentionDays: number | null): UptimeDocument => ({
  url: record.url,
  requesttime: record.requestTime,
  responsecode: record.responseCode,
  tcperror: record.tcpError,
  servererror: record.serverError,
  day: record.day,
  month: record.month,
  year: record.year,
  hour: record.hour,
  minute: record.minute,
  timestamp: record.timeStamp,
  expireAt: expiryOf(record, arrival, retentionDays),
  apiid: record.apiId,
  orgid: record.orgId,
});
