import { ApiProperty } from '@nestjs/swagger';
import { Matches } from 'class-validator';
import { KeepsUnknownFields } from '@castellan/dto';
import { OrganisationInput } from '../../organisations/organisation.dto';

/** An organisation with the id that it keeps. */
@KeepsUnknownFields()
export class OrganisationImport extends OrganisationInput {
  @ApiProperty({ example: '53ac07777cbb8c2d53000002' })
  @Matches(/^(?!0+$)[0-9a-f]{24}$/i, { message: 'must be 24 hex digits, and not all of them 0' })
  readonly id!: string;
}

export class ApisImport {
  @ApiProperty({
    type: 'array',
    items: { type: 'object', additionalProperties: true },
    description: 'API definitions with what stands around them; the `org_id` inside says whose they are',
  })
  readonly apis!: readonly object[];
}

export class PoliciesImport {
  @ApiProperty({
    type: 'array',
    items: { type: 'object', additionalProperties: true },
    description: 'Policies; the `org_id` inside says whose they are',
  })
  readonly Data!: readonly object[];
}

/** What was imported, by id. */
export class ImportedReply {
  @ApiProperty({ example: 'OK' })
  readonly Status!: string;

  @ApiProperty({ example: 'APIs imported' })
  readonly Message!: string;

  @ApiProperty({ type: 'object', additionalProperties: { type: 'boolean' }, example: { gold: true } })
  readonly Meta!: Readonly<Record<string, boolean>>;
}
