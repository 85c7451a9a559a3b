/** What a gateway records of one request, in the names of MongoDB documents of Tyk (there: all in lower case). */
export interface AnalyticsRecord {
  readonly method: string;
  /** Host and port of the upstream. */
  readonly host: string;
  /** Below the listen path, without query; ids in it may be replaced by `{id}`, or all of it by the tracked template. */
  readonly path: string;
  /** The same as it was called. */
  readonly rawPath: string;
  /** Of the request's body, in bytes. */
  readonly contentLength: number;
  readonly userAgent: string;
  /** Day, month (from 1), year and hour are those of the node's own time zone. */
  readonly day: number;
  readonly month: number;
  readonly year: number;
  readonly hour: number;
  readonly responseCode: number;
  /** Hash of the key; `00000000` or empty for a request without one. */
  readonly apiKey: string;
  readonly timeStamp: Date;
  readonly apiVersion: string;
  readonly apiName: string;
  readonly apiId: string;
  readonly orgId: string;
  readonly oauthId: string;
  /** Milliseconds, like every latency. */
  readonly requestTime: number;
  /** Base64 of a whole HTTP message; empty without detailed recording. */
  readonly rawRequest: string;
  readonly rawResponse: string;
  readonly ipAddress: string;
  readonly geo: Geo;
  readonly network: Network;
  readonly latency: Latency;
  readonly tags: readonly string[];
  readonly alias: string;
  readonly trackPath: boolean;
  /** Null when the gateway set none. */
  readonly expireAt: Date | null;
  readonly apiSchema: string;
  /** Newer gateways only. */
  readonly originalPath: string;
  readonly listenPath: string;
  readonly graphQl: GraphQlStats | null;
  readonly mcp: McpStats | null;
}

export interface Geo {
  readonly isoCode: string;
  readonly geoNameId: number;
  /** City names by language. */
  readonly names: ReadonlyMap<string, string>;
  readonly latitude: number;
  readonly longitude: number;
  readonly timeZone: string;
}

export interface Network {
  readonly openConnections: number;
  readonly closedConnections: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

export interface Latency {
  readonly total: number;
  readonly upstream: number;
  /** What the gateway itself took; older gateways do not say it, and then it is the difference of the two. */
  readonly gateway: number;
}

export interface GraphQlStats {
  readonly operationType: number;
  readonly hasErrors: boolean;
  readonly rootFields: readonly string[];
}

export interface McpStats {
  readonly method: string;
  readonly primitiveType: string;
  readonly primitiveName: string;
}

/** What a gateway's host checker records of one check. */
export interface UptimeRecord {
  readonly url: string;
  readonly requestTime: number;
  readonly responseCode: number;
  readonly tcpError: boolean;
  readonly serverError: boolean;
  readonly day: number;
  readonly month: number;
  readonly year: number;
  readonly hour: number;
  readonly minute: number;
  readonly timeStamp: Date;
  readonly expireAt: Date | null;
  readonly apiId: string;
  readonly orgId: string;
}
