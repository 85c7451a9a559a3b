import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsInt, IsNotEmpty, IsObject, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import { int32 } from '@castellan/dto';

/** What a body may say of a group. What it does not say stays as it is. */
export class UserGroupChange {
  @ApiPropertyOptional({ type: String, nullable: true, example: 'Devops' })
  @IsOptional()
  @IsString({ message: 'must be text' })
  @IsNotEmpty({ message: 'must not be empty' })
  @MaxLength(200, { message: 'must have at most 200 characters' })
  readonly name?: string | null;

  @ApiPropertyOptional({ type: String, nullable: true, example: 'Logs and analytics' })
  @IsOptional()
  @IsString({ message: 'must be text' })
  @MaxLength(2_000, { message: 'must have at most 2000 characters' })
  readonly description?: string | null;

  @ApiPropertyOptional({
    type: Boolean,
    nullable: true,
    description: 'An inactive group gives nothing; a new one is active unless told otherwise',
  })
  @IsOptional()
  @IsBoolean({ message: 'must be true or false' })
  readonly active?: boolean | null;

  @ApiPropertyOptional({ ...int32, nullable: true, description: 'Days after which a password is too old; 0 for never' })
  @IsOptional()
  @IsInt({ message: 'must be a whole number' })
  @Min(0, { message: 'must be at least 0' })
  @Max(36_500, { message: 'must be at most 36500' })
  readonly password_max_days?: number | null;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: { type: 'string' },
    example: { analytics: 'read', log: 'read' },
    description: 'The rights that members have beside their own',
  })
  @IsOptional()
  @IsObject({ message: 'must be an object' })
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
