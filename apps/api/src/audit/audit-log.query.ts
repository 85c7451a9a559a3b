import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsIn, IsISO8601, IsOptional, IsString, Matches, MaxLength } from 'class-validator';
import { ValidationFailed } from '@castellan/dto';
import { isObjectIdText, resourceKinds, type AuditFilter } from '@castellan/persistence';

/** Forms send their empty fields too. */
const EmptyIsAbsent = (): PropertyDecorator =>
  Transform(({ value }: { value: unknown }) => (value === '' ? undefined : value));

const longestText = 1_024;
const text = { message: 'must be text' };
const tooLong = { message: `must have at most ${longestText} characters` };
const day = /^\d{4}-\d{2}-\d{2}$/;
const notADay = { message: 'must be a day as YYYY-MM-DD' };

/**
 * What `GET /api/audit-logs` can be asked (docs/tyk/management.md#audit-log); `resource` and `request_id` are
 * Castellan's.
 */
export class AuditLogQuery {
  @ApiPropertyOptional({ description: 'Page, from 1; a negative number gives everything' })
  @IsOptional()
  @IsString(text)
  readonly p?: string;

  @ApiPropertyOptional({ description: 'Email address or id of a user, or `admin`' })
  @EmptyIsAbsent()
  @IsOptional()
  @IsString(text)
  @MaxLength(longestText, tooLong)
  readonly user?: string;

  @ApiPropertyOptional({ example: 'Update API' })
  @EmptyIsAbsent()
  @IsOptional()
  @IsString(text)
  @MaxLength(longestText, tooLong)
  readonly action?: string;

  @ApiPropertyOptional({ example: '127.0.0.1' })
  @EmptyIsAbsent()
  @IsOptional()
  @IsString(text)
  @MaxLength(longestText, tooLong)
  readonly ip?: string;

  @ApiPropertyOptional({ example: 'PUT' })
  @EmptyIsAbsent()
  @IsOptional()
  @Matches(/^[a-z]{1,16}$/i, { message: 'must be an HTTP method' })
  readonly method?: string;

  @ApiPropertyOptional({ example: '200', description: 'HTTP status of the reply' })
  @EmptyIsAbsent()
  @IsOptional()
  @Matches(/^[1-5]\d\d$/, { message: 'must be an HTTP status, such as 200' })
  readonly status?: string;

  @ApiPropertyOptional({ description: 'A part of the path' })
  @EmptyIsAbsent()
  @IsOptional()
  @IsString(text)
  @MaxLength(longestText, tooLong)
  readonly url?: string;

  @ApiPropertyOptional({ example: '2025-01-23', description: 'First day, in UTC' })
  @EmptyIsAbsent()
  @IsOptional()
  @Matches(day, notADay)
  @IsISO8601({ strict: true }, notADay)
  readonly from_date?: string;

  @ApiPropertyOptional({ example: '2025-01-24', description: 'Last day, in UTC' })
  @EmptyIsAbsent()
  @IsOptional()
  @Matches(day, notADay)
  @IsISO8601({ strict: true }, notADay)
  readonly to_date?: string;

  @ApiPropertyOptional({ description: `Kind (${resourceKinds.join(', ')}) or database id of what was changed` })
  @EmptyIsAbsent()
  @IsOptional()
  @IsString(text)
  readonly resource?: string;

  @ApiPropertyOptional({ description: 'The X-Request-ID of a request' })
  @EmptyIsAbsent()
  @IsOptional()
  @IsString(text)
  @MaxLength(longestText, tooLong)
  readonly request_id?: string;

  @ApiPropertyOptional({ enum: ['true', 'false'], description: '`true` gives everything that matches as a file' })
  @EmptyIsAbsent()
  @IsOptional()
  @IsIn(['true', 'false', '1', '0'], { message: 'must be true or false' })
  readonly download?: string;

  @ApiPropertyOptional({ enum: ['csv', 'json'], default: 'json', description: 'Format of the file' })
  @EmptyIsAbsent()
  @IsOptional()
  @IsIn(['csv', 'json'], { message: 'must be csv or json' })
  readonly type?: string;
}

const owner = /^([0-9a-f]{24}|none)$/i;
const notAnOwner = { message: 'must be the id of an organisation, or none' };

/** The same on the operator's plane, over all organisations or one. */
export class OperatorAuditLogQuery extends AuditLogQuery {
  @ApiPropertyOptional({ description: 'Of one organisation; `none` for what concerns no organisation' })
  @EmptyIsAbsent()
  @IsOptional()
  @Matches(owner, notAnOwner)
  readonly org_id?: string;
}

/** Which chain the operator wants to have verified. */
export class OperatorVerifyQuery {
  @ApiProperty({ description: 'An organisation; `none` for what concerns no organisation' })
  @Matches(owner, notAnOwner)
  readonly org_id!: string;
}

/** @throws ValidationFailed for what is wrong about two parameters together, or about one in the light of its meaning */
export const filterOf = (query: AuditLogQuery): AuditFilter => {
  const { user, action, ip, method, status, url, resource, request_id: requestId } = query;
  const { from_date: from, to_date: to } = query;
  if (from !== undefined && to !== undefined && from > to) {
    throw new ValidationFailed([{ path: 'from_date', message: 'must not be after to_date' }]);
  }
  if (resource !== undefined) requireResource(resource);
  return {
    ...(user === undefined ? {} : { user }),
    ...(action === undefined ? {} : { action }),
    ...(ip === undefined ? {} : { ip }),
    ...(method === undefined ? {} : { method }),
    ...(status === undefined ? {} : { status: Number(status) }),
    ...(url === undefined ? {} : { url }),
    ...(resource === undefined ? {} : { resource }),
    ...(requestId === undefined ? {} : { requestId }),
    ...(from === undefined ? {} : { from: startOf(from) }),
    ...(to === undefined ? {} : { until: new Date(startOf(to).getTime() + dayMs) }),
  };
};

const dayMs = 24 * 3_600 * 1_000;
const startOf = (isoDay: string): Date => new Date(`${isoDay}T00:00:00.000Z`);

const requireResource = (resource: string): void => {
  const isKind = resourceKinds.some((kind) => kind === resource);
  if (isKind || isObjectIdText(resource)) return;
  const message = `must be the database id of a resource, or one of ${resourceKinds.join(', ')}`;
  throw new ValidationFailed([{ path: 'resource', message }]);
};
