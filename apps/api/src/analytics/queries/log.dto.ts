import { ApiProperty } from '@nestjs/swagger';
import { int32, int64 } from '@castellan/dto';
import type { mongo } from 'mongoose';
import type { FoundDocument, RecordDocument } from '@castellan/analytics';

export class LogGraphQlDto {
  @ApiProperty({ ...int32, description: 'As gateways number them: 1 query, 2 mutation, 3 subscription', example: 1 })
  readonly OperationType!: number;

  @ApiProperty({ description: 'Whether the reply had errors' }) readonly HasErrors!: boolean;
  @ApiProperty({ type: [String], example: ['countries'] }) readonly RootFields!: readonly string[];
}

/** A request in the names that Tyk's clients read: those of its gateway. */
export class LogRecordDto {
  @ApiProperty({ example: '6b07a8ee73882eb05c0245db' })
  readonly id!: string;

  @ApiProperty() readonly Method!: string;
  @ApiProperty({ description: 'Host of the upstream' }) readonly Host!: string;
  @ApiProperty() readonly Path!: string;
  @ApiProperty() readonly RawPath!: string;
  @ApiProperty({ ...int64, description: 'Bytes of the request’s body' }) readonly ContentLength!: number;
  @ApiProperty() readonly UserAgent!: string;
  @ApiProperty({ ...int32 }) readonly Day!: number;
  @ApiProperty({ ...int32 }) readonly Month!: number;
  @ApiProperty({ ...int32 }) readonly Year!: number;
  @ApiProperty({ ...int32 }) readonly Hour!: number;
  @ApiProperty({ ...int32 }) readonly ResponseCode!: number;
  @ApiProperty({ description: 'Hash of the key' }) readonly APIKey!: string;
  @ApiProperty() readonly TimeStamp!: string;
  @ApiProperty() readonly APIVersion!: string;
  @ApiProperty() readonly APIName!: string;
  @ApiProperty() readonly APIID!: string;
  @ApiProperty() readonly OrgID!: string;
  @ApiProperty() readonly OauthID!: string;
  @ApiProperty({ description: 'Milliseconds' }) readonly RequestTime!: number;
  @ApiProperty({ description: 'Base64; empty in lists' }) readonly RawRequest!: string;
  @ApiProperty({ description: 'Base64; empty in lists' }) readonly RawResponse!: string;
  @ApiProperty({
    description: 'Of the caller, as far as the gateway knows: a header may have said so, and nobody has verified it',
  })
  readonly IPAddress!: string;

  @ApiProperty({ type: 'object', additionalProperties: true }) readonly Geo!: object;
  @ApiProperty({ type: 'object', additionalProperties: true }) readonly Network!: object;
  @ApiProperty({ type: 'object', additionalProperties: true }) readonly Latency!: object;
  @ApiProperty({ type: [String] }) readonly Tags!: readonly string[];
  @ApiProperty() readonly Alias!: string;
  @ApiProperty() readonly TrackPath!: boolean;
  @ApiProperty() readonly ExpireAt!: string;
  @ApiProperty({
    type: LogGraphQlDto,
    nullable: true,
    description: 'Null where the request was none of GraphQL, whose errors come with status 200',
  })
  readonly GraphQLStats!: LogGraphQlDto | null;

  @ApiProperty({ description: 'Whether a recorded message was longer than what is kept of it' })
  readonly BodyTruncated!: boolean;
}

export class LogListDto {
  @ApiProperty({ type: [LogRecordDto] })
  readonly data!: readonly LogRecordDto[];

  @ApiProperty({
    ...int32,
    description:
      'Pages there are, counted up to a hundred beyond this one, and a thousand in all; more is read by `cursor`',
  })
  readonly pages!: number;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'To be sent as `cursor` for what comes after; null at the end',
  })
  readonly next!: string | null;
}

/** One side of a request, decoded. */
export class LogMessageDto {
  @ApiProperty({ description: 'First line and headers' })
  readonly head!: string;

  @ApiProperty({ type: String, nullable: true, description: 'The body, when it is text' })
  readonly body!: string | null;

  @ApiProperty({ description: 'Whether the body is no text; it is in `RawRequest` or `RawResponse`' })
  readonly binary!: boolean;

  @ApiProperty({ ...int64, description: 'Bytes of the whole message, also when less is kept' })
  readonly size!: number;

  @ApiProperty()
  readonly truncated!: boolean;
}

export class LogDetailDto extends LogRecordDto {
  @ApiProperty({ type: LogMessageDto, nullable: true, description: 'Null without detailed recording' })
  readonly request!: LogMessageDto | null;

  @ApiProperty({ type: LogMessageDto, nullable: true })
  readonly response!: LogMessageDto | null;
}

export type StoredRecord = FoundDocument & { readonly _id: mongo.ObjectId };

/** Gateways have said how much of it was their own only lately. */
const latencyIn = ({ total: Total, upstream: Upstream, gateway }: Partial<RecordDocument['latency']> = {}): object => ({
  Total: Total ?? 0,
  Upstream: Upstream ?? 0,
  Gateway: gateway ?? Math.max((Total ?? 0) - (Upstream ?? 0), 0),
});

/** @param document may lack what older pumps did not write, and the messages */
export const logRecord = (document: StoredRecord): LogRecordDto => {
  const { geo, network, latency, tags, cut, rawrequest, rawresponse, graphql } = document;
  return {
    id: document._id.toString(),
    Method: document.method,
    Host: document.host,
    Path: document.path,
    RawPath: document.rawpath,
    ContentLength: document.contentlength,
    UserAgent: document.useragent,
    Day: document.day,
    Month: document.month,
    Year: document.year,
    Hour: document.hour,
    ResponseCode: document.responsecode,
    APIKey: document.apikey,
    TimeStamp: document.timestamp.toISOString(),
    APIVersion: document.apiversion,
    APIName: document.apiname,
    APIID: document.apiid,
    OrgID: document.orgid,
    OauthID: document.oauthid,
    RequestTime: document.requesttime,
    RawRequest: rawrequest ?? '',
    RawResponse: rawresponse ?? '',
    IPAddress: document.ipaddress,
    Geo: {
      Country: { ISOCode: geo?.country.isocode ?? '' },
      City: { GeoNameID: geo?.city.geonameid ?? 0, Names: geo?.city.names ?? {} },
      Location: {
        Latitude: geo?.location.latitude ?? 0,
        Longitude: geo?.location.longitude ?? 0,
        TimeZone: geo?.location.timezone ?? '',
      },
    },
    Network: {
      OpenConnections: network?.openconnections ?? 0,
      ClosedConnection: network?.closedconnection ?? 0,
      BytesIn: network?.bytesin ?? 0,
      BytesOut: network?.bytesout ?? 0,
    },
    Latency: latencyIn(latency),
    Tags: tags ?? [],
    Alias: document.alias,
    TrackPath: document.trackpath,
    ExpireAt: document.expireAt.toISOString(),
    GraphQLStats:
      graphql === undefined
        ? null
        : {
            OperationType: graphql.operationtype,
            HasErrors: graphql.haserrors,
            RootFields: graphql.rootfields,
          },
    BodyTruncated: cut !== undefined,
  };
};

const utf8 = new TextDecoder('utf-8', { fatal: true });

const textIn = (bytes: Buffer): string | null => {
  try {
    const text = utf8.decode(bytes);
    return text.includes('\0') ? null : text;
  } catch {
    return null;
  }
};

/** @param size true size of a message that was cut */
export const logMessage = (base64: string | undefined, size: number | undefined): LogMessageDto | null => {
  if (base64 === undefined || base64 === '') return null;
  const bytes = Buffer.from(base64, 'base64');
  const end = bytes.indexOf('\r\n\r\n');
  const body = end < 0 ? Buffer.alloc(0) : bytes.subarray(end + 4);
  const text = textIn(body);
  return {
    head: bytes.subarray(0, end < 0 ? bytes.length : end).toString(),
    body: text,
    binary: text === null,
    size: size ?? bytes.length,
    truncated: size !== undefined,
  };
};
