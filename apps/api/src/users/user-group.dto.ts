import { ApiProperty } from '@nestjs/swagger';
import { IsNotEmpty, IsString, MaxLength } from 'class-validator';
import { int32 } from '@castellan/dto';
import { OptionalChoice, OptionalRights, OptionalText, PasswordMaxDays } from './field-checks';

/** What a body may say of a group. What it does not say stays as it is. */
export class UserGroupChange {
  @OptionalText('Devops', 200)
  @IsNotEmpty({ message: 'must not be empty' })
  readonly name?: string | null;

  @OptionalText('Logs and analytics', 2_000)
  readonly description?: string | null;

  @OptionalChoice('An inactive group gives nothing; a new one is active unless told otherwise')
  readonly active?: boolean | null;

  @PasswordMaxDays()
  readonly password_max_days?: number | null;

  @OptionalRights('The rights that members have beside their own', { analytics: 'read', log: 'read' })
  readonly user_permissions?: Readonly<Record<string, unknown>> | null;
}

/** A new group. */
export class UserGroupInput extends UserGroupChange {
  @ApiProperty({ example: 'Devops' })
  @IsString({ message: 'must be text' })
  @IsNotEmpty({ message: 'must not be empty' })
  @MaxLength(200, { message: 'must have at most 200 characters' })
  declare readonly name: string;
}

export class UserGroupDto {
  @ApiProperty()
  readonly active!: boolean;

  @ApiProperty({ example: 'Logs and analytics' })
  readonly description!: string;

  @ApiProperty({ example: '6649fb3e5715ec4c96cbef36' })
  readonly id!: string;

  @ApiProperty({ example: 'Devops' })
  readonly name!: string;

  @ApiProperty({ example: '54b53d3aeba6db5c35000002' })
  readonly org_id!: string;

  @ApiProperty({ ...int32, example: 0 })
  readonly password_max_days!: number;

  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' } })
  readonly user_permissions!: Readonly<Record<string, string>>;
}

export class UserGroupListDto {
  @ApiProperty({ type: [UserGroupDto] })
  readonly groups!: readonly UserGroupDto[];

  @ApiProperty({ ...int32, example: 1 })
  readonly pages!: number;
}
