import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { anyObject, int32 } from '@castellan/dto';
import { IsBoolean, IsOptional, IsString, MaxLength } from 'class-validator';

export const exampleId = '5e9d9544a1dcd60001d0ed20edce514c2d0a866063550c64d6c90be99d01561ac5aa7e82b8610b7e273d37d0';

export const renewalId = '5e9d9544a1dcd60001d0ed2077ce514c2d0a866063550c64d6c90be99d01561ac5aa7e82b8610b7e273d37d0';

/** What an upload and a deletion answer, in the shape of the gateways' own API. */
export class CertificateReply {
  @ApiPropertyOptional({ example: exampleId, description: 'Of an upload' })
  readonly id?: string;

  @ApiProperty({ example: 'Certificate added' })
  readonly message!: string;

  @ApiProperty({ example: 'ok' })
  readonly status!: string;

  @ApiPropertyOptional({ type: [String], description: 'What of an upload was left out, and why' })
  readonly notes?: readonly string[];

  @ApiPropertyOptional({
    description: 'Of a deletion: the certificate is still in Redis, because gateways may need it',
  })
  readonly pending?: boolean;

  @ApiPropertyOptional({ description: 'Of a deletion that is pending: what it waits for' })
  readonly reason?: string;
}

class CertificateBasicsDto {
  @ApiProperty({ example: exampleId })
  readonly id!: string;

  @ApiProperty({ example: 'ca.example' })
  readonly issuer_cn!: string;

  @ApiProperty({ example: 'api.example' })
  readonly subject_cn!: string;

  @ApiProperty({ type: [String], example: ['api.example'] })
  readonly dns_names!: readonly string[];

  @ApiProperty({ example: false })
  readonly has_private!: boolean;

  @ApiProperty({ format: 'date-time', example: '2030-01-31T12:00:00Z' })
  readonly not_before!: string;

  @ApiProperty({ format: 'date-time', example: '2031-01-31T12:00:00Z' })
  readonly not_after!: string;

  @ApiProperty({ example: false })
  readonly is_ca!: boolean;
}

export class CertificateDto {
  @ApiProperty({ example: exampleId })
  readonly id!: string;

  @ApiProperty({ example: 'edce514c2d0a866063550c64d6c90be99d01561ac5aa7e82b8610b7e273d37d0' })
  readonly fingerprint!: string;

  @ApiProperty({ example: false })
  readonly has_private!: boolean;

  @ApiProperty({ ...anyObject, example: { CommonName: 'ca.example' } })
  readonly issuer!: object;

  @ApiProperty({ ...anyObject, example: { CommonName: 'api.example' } })
  readonly subject!: object;

  @ApiProperty({ format: 'date-time', example: '2030-01-31T12:00:00Z' })
  readonly not_before!: string;

  @ApiProperty({ format: 'date-time', example: '2031-01-31T12:00:00Z' })
  readonly not_after!: string;

  @ApiProperty({ type: [String], example: ['api.example'] })
  readonly dns_names!: readonly string[];

  @ApiProperty({ example: false })
  readonly is_ca!: boolean;

  @ApiPropertyOptional({ example: 'valid', enum: ['valid', 'not yet valid', 'expired'], description: 'At this moment' })
  readonly state?: string;

  @ApiPropertyOptional({ type: [String], description: 'What gateways will do with it that one may not expect' })
  readonly warnings?: readonly string[];
}

/** Ids, or with `mode=detailed` what is to be seen of each. */
export class CertificateListDto {
  @ApiPropertyOptional({ type: [String], example: [exampleId] })
  readonly certs?: readonly string[];

  @ApiPropertyOptional({ type: [CertificateBasicsDto], description: 'With `mode=detailed`' })
  readonly cert_basics?: readonly object[];

  @ApiProperty({ ...int32, example: 1 })
  readonly pages!: number;
}

export class CertificateDetailsDto {
  @ApiProperty({ type: [CertificateDto] })
  readonly certificates!: readonly object[];

  @ApiProperty({ ...int32, example: 1 })
  readonly pages!: number;
}

class ExpiringCertificateDto extends CertificateDto {
  @ApiProperty({ ...int32, example: 12, description: 'Whole days until it ends; negative after that' })
  readonly days_remaining!: number;
}

export class ExpiringCertificatesDto {
  @ApiProperty({ type: [ExpiringCertificateDto], description: 'The first to end first' })
  readonly certificates!: readonly object[];

  @ApiProperty({ ...int32, example: 1 })
  readonly pages!: number;
}

export class CertificateRotationDto {
  @ApiProperty({
    description: 'The certificate that takes its place: its id, or the fingerprint alone',
    example: renewalId,
  })
  @IsString({ message: 'must be text' })
  @MaxLength(200, { message: 'must have at most 200 characters' })
  readonly to!: string;

  @ApiPropertyOptional({
    description: 'Take the old one away at the same time. Without it both are good until another call says so',
    default: false,
  })
  @IsOptional()
  @IsBoolean({ message: 'must be true or false' })
  readonly end: boolean = false;
}

export class RotatedCertificateDto {
  @ApiProperty({ example: renewalId })
  readonly id!: string;

  @ApiProperty({
    type: [String],
    example: ['edc9b2bd3e7b4cc55c4ff0a7e1529b45'],
    description: 'Ids of the APIs that this call has changed',
  })
  readonly apis!: readonly string[];

  @ApiProperty({ type: [String], example: [], description: 'Hashes of the keys that go on with it by this call' })
  readonly keys!: readonly string[];

  @ApiProperty({ example: true, description: 'Whether nothing is left to do; if not, repeat the call' })
  readonly complete!: boolean;

  @ApiProperty({ example: true, description: 'Whether the old one is good as well' })
  readonly overlaps!: boolean;
}

class LeavingCertificateDto {
  @ApiProperty({ example: exampleId })
  readonly id!: string;

  @ApiProperty({ example: '2 gateways have yet to load a configuration without it' })
  readonly reason!: string;
}

export class LeavingCertificatesDto {
  @ApiProperty({ type: [LeavingCertificateDto] })
  readonly certificates!: readonly LeavingCertificateDto[];
}

class UsingApiDto {
  @ApiProperty({ example: 'edc9b2bd3e7b4cc55c4ff0a7e1529b45' })
  readonly api_id!: string;

  @ApiProperty({ example: 'Payments' })
  readonly name!: string;

  @ApiProperty({ type: [String], enum: ['client', 'upstream', 'server', 'pinned', 'signing'], example: ['client'] })
  readonly usage_type!: readonly string[];

  @ApiProperty({ example: 'Tyk Classic', enum: ['Tyk Classic', 'Tyk OAS'] })
  readonly tyk_api_type!: string;
}

export class UsingApisDto {
  @ApiProperty({ example: exampleId })
  readonly cert_id!: string;

  @ApiProperty({ type: [UsingApiDto] })
  readonly apis!: readonly UsingApiDto[];

  @ApiProperty({ ...int32, example: 1 })
  readonly pages!: number;
}

export class CertificateDependenciesDto {
  @ApiProperty({ example: exampleId })
  readonly certID!: string;

  @ApiProperty({ type: [String], example: ['edc9b2bd3e7b4cc55c4ff0a7e1529b45'] })
  readonly client_cert_apis!: readonly string[];

  @ApiProperty({ type: [String], example: ['Payments'] })
  readonly client_cert_api_names!: readonly string[];

  @ApiProperty({ type: [String], example: [] })
  readonly upstream_cert_apis!: readonly string[];

  @ApiProperty({ type: [String], example: [] })
  readonly upstream_cert_api_names!: readonly string[];

  @ApiProperty({ example: '', description: 'The hash of the key that is bound to it; empty for none' })
  readonly key_cert!: string;
}

class ExpiryDataDto {
  @ApiProperty({ example: exampleId })
  readonly cert_id!: string;

  @ApiProperty({ format: 'date-time', example: '2031-01-31T12:00:00.000Z' })
  readonly expiry_date!: string;

  @ApiProperty({ ...int32, example: 12 })
  readonly days_remaining!: number;
}

/** A warning that a certificate ends soon, or has ended. */
export class NotificationDto {
  @ApiProperty({ example: '664d86e35715ec0d370bbe11' })
  readonly id!: string;

  @ApiProperty({ format: 'date-time', example: '2030-01-31T12:00:00.000Z' })
  readonly created_at!: string;

  @ApiProperty({ example: '54b53d3aeba6db5c35000002' })
  readonly org_id!: string;

  @ApiProperty({ example: 'edce514c2d0a866063550c64d6c90be99d01561ac5aa7e82b8610b7e273d37d0' })
  readonly hash!: string;

  @ApiProperty({
    example: 'warning',
    enum: ['warning', 'critical'],
    description: 'Critical in the last week, and after',
  })
  readonly kind!: string;

  @ApiProperty({ example: 'certificate.expiry' })
  readonly topic!: string;

  @ApiProperty({ example: 'Certificate will expire soon' })
  readonly title!: string;

  @ApiProperty()
  readonly message!: string;

  @ApiProperty({ type: ExpiryDataDto })
  readonly data!: ExpiryDataDto;
}
