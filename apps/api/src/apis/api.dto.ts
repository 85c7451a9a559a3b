import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayMaxSize, IsArray, IsOptional, IsString, MaxLength, MinLength } from 'class-validator';
import { dateTime, int32, KeepsUnknownFields } from '@castellan/dto';

/**
 * An API definition with what stands around it (docs/tyk/management.md#apis). Unknown fields are kept, on both levels.
 */
@KeepsUnknownFields()
export class ApiWrapperInput {
  @ApiPropertyOptional({ type: 'object', additionalProperties: true, nullable: true })
  readonly api_model?: object;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description: 'A Tyk API definition. `api_id` and `proxy.listen_path` are made when they are missing.',
    example: {
      name: 'Echo',
      slug: 'echo',
      active: true,
      use_keyless: true,
      proxy: { listen_path: '/echo/', target_url: 'http://127.0.0.1:8000/', strip_listen_path: true },
      version_data: { not_versioned: true, versions: { Default: { name: 'Default' } } },
    },
  })
  readonly api_definition!: object;

  @ApiPropertyOptional({ type: 'array', items: { type: 'object', additionalProperties: true }, nullable: true })
  readonly hook_references?: readonly object[];

  @ApiPropertyOptional()
  readonly is_site?: boolean;

  @ApiPropertyOptional({ ...int32, description: 'Nodes get the APIs with the highest number first' })
  readonly sort_by?: number;

  @ApiPropertyOptional({ type: [String], nullable: true })
  readonly user_group_owners?: readonly string[];

  @ApiPropertyOptional({ type: [String], nullable: true })
  readonly user_owners?: readonly string[];

  @ApiPropertyOptional({
    type: [String],
    nullable: true,
    description: 'A classic API may have them as `#words` behind its name too',
  })
  readonly categories?: readonly string[];
}

@KeepsUnknownFields()
export class ApiWrapper extends ApiWrapperInput {
  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    nullable: true,
    description: 'The document of an OAS API; its `api_definition` is made of it',
  })
  readonly oas?: object | null;

  @ApiProperty({ ...dateTime })
  readonly created_at!: string;

  @ApiProperty({ ...dateTime })
  readonly updated_at!: string;
}

export class ApiListDto {
  @ApiProperty({ type: [ApiWrapper] })
  readonly apis!: readonly ApiWrapper[];

  @ApiProperty({ ...int32, example: 1 })
  readonly pages!: number;
}

export class ApiCreatedReply {
  @ApiProperty({ example: 'OK' })
  readonly Status!: string;

  @ApiProperty({ example: 'API created' })
  readonly Message!: string;

  @ApiProperty({ example: '54c24242eba6db1c9a000002', description: 'The database id' })
  readonly Meta!: string;

  @ApiProperty({ example: 'b84fe1a04e5648927971c0557971565c', description: 'The api_id' })
  readonly ID!: string;
}

class CategoryCountDto {
  @ApiProperty()
  readonly name!: string;

  @ApiProperty({ ...int32 })
  readonly count!: number;
}

export class CategoryCountsDto {
  @ApiProperty({ type: [CategoryCountDto] })
  readonly categories!: readonly CategoryCountDto[];
}

const mostEntries = 1_000;
const longestCategory = 256;

/** Go programs write null for an empty list. */
export class CategoriesDto {
  @ApiPropertyOptional({ nullable: true, type: [String], example: ['developers', 'devops'] })
  @MaxLength(longestCategory, { each: true, message: `must hold texts of at most ${longestCategory} characters` })
  @MinLength(1, { each: true, message: 'must not hold empty texts' })
  @IsString({ each: true, message: 'must be a list of texts' })
  @ArrayMaxSize(mostEntries, { message: `must hold at most ${mostEntries} texts` })
  @IsArray({ message: 'must be a list of texts' })
  @IsOptional()
  readonly categories?: readonly string[] | null;
}
