import { ApiProperty } from '@nestjs/swagger';
import { int32, int64 } from '@castellan/dto';
import { kindNames } from '@castellan/persistence';

class AuditedChangeDto {
  @ApiProperty({ enum: kindNames() })
  readonly kind!: string;

  @ApiProperty({ description: 'Database id of the resource' })
  readonly id!: string;

  @ApiProperty({ enum: ['create', 'update', 'delete', 'rollback', 'restore'] })
  readonly operation!: string;

  @ApiProperty({ ...int32, description: 'Version of the resource after the change' })
  readonly version!: number;
}

/**
 * One write, or one refused write: Tyk's fields in Tyk's order (docs/tyk/management.md#audit-log), then Castellan's.
 */
export class AuditLogDto {
  @ApiProperty({ example: '672a83e2b0418b224440ce29' })
  readonly _id!: string;

  @ApiProperty({ example: '0462e283-a55f-41ab-6482-60d2eeb1858c', description: 'The X-Request-ID of the request' })
  readonly req_id!: string;

  @ApiProperty({ description: 'Empty for a refused write that concerns no organisation' })
  readonly org_id!: string;

  @ApiProperty({ example: 'Thu, 23 Jan 2025 13:14:09 UTC' })
  readonly date!: string;

  @ApiProperty({ ...int64, example: 1737638049, description: 'Seconds since 1970' })
  readonly timestamp!: number;

  @ApiProperty({ example: '127.0.0.1' })
  readonly ip!: string;

  @ApiProperty({
    example: 'ada@acme.example',
    description: 'Email address of the user; for the operator the name of the admin secret',
  })
  readonly user!: string;

  @ApiProperty({ example: 'Update API' })
  readonly action!: string;

  @ApiProperty({ example: 'PUT' })
  readonly method!: string;

  @ApiProperty({ example: '/api/apis/54c24242eba6db1c9a000002', description: 'Path alone' })
  readonly url!: string;

  @ApiProperty({ ...int32, example: 200 })
  readonly status!: number;

  @ApiProperty({
    type: String,
    nullable: true,
    description:
      'What changed, as JSON text: a list of `{kind, id, operations}`, secrets redacted. Null for a refused write, and for a change too large to be kept here',
  })
  readonly diff!: string | null;

  @ApiProperty({ description: 'Always empty: bodies are not recorded' })
  readonly request_dump!: string;

  @ApiProperty({ description: 'Always empty: bodies are not recorded' })
  readonly response_dump!: string;

  @ApiProperty({ enum: ['user', 'admin', 'system'] })
  readonly actor!: string;

  @ApiProperty({ description: 'Id of the user; empty for others' })
  readonly actor_id!: string;

  @ApiProperty({ description: 'From X-Change-Reason' })
  readonly reason!: string;

  @ApiProperty({ description: 'Code and text of the refusal; empty for a write that was made' })
  readonly refusal!: string;

  @ApiProperty({ type: [AuditedChangeDto], description: 'Of a bulk change the first thousand' })
  readonly changes!: readonly AuditedChangeDto[];

  @ApiProperty({ ...int64, nullable: true, description: 'Place in the chain; null until it is sealed' })
  readonly sequence!: number | null;

  @ApiProperty({ type: String, nullable: true, description: 'sha256 over the seal before and this record' })
  readonly seal!: string | null;
}

export class AuditLogListDto {
  @ApiProperty({ ...int32, example: 1 })
  readonly pages!: number;

  @ApiProperty({ type: [AuditLogDto] })
  readonly audit_logs!: readonly AuditLogDto[];
}

/** What can be wrong with a chain. */
const breakProblems = ['changed', 'reordered', 'missing', 'truncated', 'added', 'head'] as const;
export type BreakProblem = (typeof breakProblems)[number];

export class ChainBreakDto {
  @ApiProperty({ ...int64, nullable: true, description: 'Place in the chain; null for a record outside of it' })
  readonly sequence!: number | null;

  @ApiProperty({ type: String, nullable: true, description: 'The record that stands there, if one does' })
  readonly id!: string | null;

  @ApiProperty({
    enum: breakProblems,
    description: [
      '`changed`: not what was sealed here;',
      '`reordered`: what was sealed here stands further on;',
      '`missing`: deleted from the middle;',
      '`truncated`: deleted from here to the end;',
      '`added`: never sealed here;',
      '`head`: the end of the chain is not the one that was noted when it was sealed',
    ].join(' '),
  })
  readonly problem!: BreakProblem;
}

export class AuditVerificationDto {
  @ApiProperty()
  readonly valid!: boolean;

  @ApiProperty({ ...int64, description: 'Records whose seal was computed again and fits' })
  readonly checked!: number;

  @ApiProperty({ ...int64, description: 'Place of the last record that was ever sealed' })
  readonly sealed_up_to!: number;

  @ApiProperty({ description: 'Seal of that record; worth noting in a safe place' })
  readonly last_seal!: string;

  @ApiProperty({ ...int64, description: 'Records that are not sealed yet' })
  readonly unsealed!: number;

  @ApiProperty({ ...int64, description: 'Place of the last record that retention has deleted; 0 for none' })
  readonly pruned_up_to!: number;

  @ApiProperty({ type: ChainBreakDto, nullable: true })
  readonly first_break!: ChainBreakDto | null;
}
