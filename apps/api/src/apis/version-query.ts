import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString, MaxLength } from 'class-validator';
import { ValidationFailed } from '@castellan/dto';
import type { VersionLink } from './versions';

const longestName = 256;

const yes = ['true', '1'];
const no = ['false', '0'];

/** What makes a new API a version of another one (docs/tyk/management.md#versions-of-apis). */
export class VersionQuery {
  @ApiPropertyOptional({ description: 'Database id or api_id of the API that gets the new one as a version' })
  @IsOptional()
  @IsString({ message: 'must be given once' })
  readonly base_api_id?: string;

  @ApiPropertyOptional({ description: 'The version that the base is; needed while it has no versions' })
  @IsOptional()
  @MaxLength(longestName, { message: `must have at most ${longestName} characters` })
  @IsString({ message: 'must be given once' })
  readonly base_api_version_name?: string;

  @ApiPropertyOptional({ description: 'The version that the new API is' })
  @IsOptional()
  @MaxLength(longestName, { message: `must have at most ${longestName} characters` })
  @IsString({ message: 'must be given once' })
  readonly new_version_name?: string;

  @ApiPropertyOptional({ enum: ['true', 'false'], description: 'Callers who name no version get the new one' })
  @IsOptional()
  @IsIn(['', ...yes, ...no], { message: 'must be true or false' })
  readonly set_default?: string;
}

/**
 * The version that a request creates, or null when it creates an API of its own.
 *
 * @throws ValidationFailed when it names a base and no version, or a version and no base
 */
export const versionLinkOf = (query: VersionQuery): VersionLink | null => {
  const { base_api_id: baseId = '', base_api_version_name: baseName = '', new_version_name: newName = '' } = query;
  if (baseId === '') {
    if (newName === '' && baseName === '') return null;
    throw new ValidationFailed([{ path: 'base_api_id', message: 'is required with names of versions' }]);
  }
  if (newName === '') {
    const errors = [{ path: 'new_version_name', message: 'is required with base_api_id' }];
    throw new ValidationFailed(errors, 'version name header should be set with base API ID');
  }
  return { baseId, baseName, newName, setDefault: yes.includes(query.set_default ?? '') };
};
