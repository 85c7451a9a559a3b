import { ApiProperty } from '@nestjs/swagger';
import { int32 } from '@castellan/dto';
import { kindNamed, shownDiff, type Change } from '@castellan/persistence';
import type { DiffOperation } from '@castellan/tyk';
import { DiffOperationDto } from '../history/revision.dto';
import { difference } from '../threads/document-checks';

export class DryRunChangeDto {
  @ApiProperty({ example: 'policy' })
  readonly kind!: string;

  @ApiProperty({ example: '5ead71205759610001818680' })
  readonly id!: string;

  @ApiProperty({ enum: ['create', 'update'] })
  readonly operation!: string;

  @ApiProperty({ ...int32, description: 'The version that the resource would have' })
  readonly version!: number;

  @ApiProperty({ type: [DiffOperationDto] })
  readonly diff!: readonly DiffOperationDto[];
}

class DryRunChangesDto {
  @ApiProperty({ type: [DryRunChangeDto], description: 'Empty when the resource is like that already' })
  readonly changes!: readonly DryRunChangeDto[];
}

/** The reply to a validation that found nothing wrong. */
export class ValidReply {
  @ApiProperty({ example: 'OK' })
  readonly Status!: string;

  @ApiProperty({ example: 'API is valid' })
  readonly Message!: string;

  @ApiProperty({ type: DryRunChangesDto })
  readonly Meta!: DryRunChangesDto;
}

/** What every route says of itself that validates. */
export const validating = {
  summary: 'Check everything that a write would, and write nothing',
  description: 'Says every error that a write would, and what it would change.',
  reply: ValidReply,
} as const;

/** What a write would have changed, for the reply to a validation. @throws Busy, BodyTooLarge */
export const dryRunChanges = async (changes: readonly Change[]): Promise<readonly DryRunChangeDto[]> => {
  const shown: DryRunChangeDto[] = [];
  for (const { kind, id, operation, version, before, after } of changes) {
    const diff = shownOf(kind, await difference(before, after));
    shown.push({ kind, id: id.toString(), operation, version, diff });
  }
  return shown;
};

/** Where a history may not show values, a reply that compares with what is stored may not either. */
const shownOf = (kind: string, diff: readonly DiffOperation[]): readonly DiffOperation[] =>
  kindNamed(kind).history === 'documents' ? diff : shownDiff(kind, diff);
