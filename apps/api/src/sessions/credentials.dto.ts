import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString, MaxLength } from 'class-validator';

const text = { message: 'must be text' };
const longest = { message: 'must have at most 1024 characters' };

/** What users have in the examples of the document, from the one that sets it on. */
export const samplePassword = 'several words that do not belong together';

/** What `POST /api/users/{id}/actions/reset` takes; `user_permissions`, which scripts send with it, changes nothing. */
export class PasswordResetInput {
  @ApiProperty({ format: 'password', example: samplePassword })
  @IsString({ message: 'is required' })
  @MaxLength(1_024, longest)
  readonly new_password!: string;

  @ApiPropertyOptional({
    format: 'password',
    description: 'The caller’s present password: for one’s own, needed once somebody has come in with it',
  })
  @IsOptional()
  @IsString(text)
  @MaxLength(1_024, longest)
  readonly current_password?: string;
}

/** What turning a second factor on or off takes. */
export class ProofInput {
  @ApiPropertyOptional({ format: 'password', description: 'One’s own present password' })
  @IsOptional()
  @IsString(text)
  @MaxLength(1_024, longest)
  readonly current_password?: string;
}

export class CodeInput {
  @ApiProperty({ example: '492039', description: 'What the authenticator app shows' })
  @IsString({ message: 'is required' })
  @MaxLength(64, { message: 'must have at most 64 characters' })
  readonly code!: string;
}

export class SecondFactorDto {
  @ApiProperty({ description: 'For authenticator apps into which it is typed; base32. Not shown again' })
  readonly secret!: string;

  @ApiProperty({ example: 'otpauth://totp/Castellan:ada%40acme.example?secret=…', description: 'For a QR code' })
  readonly uri!: string;
}

export class SecondFactorReply {
  @ApiProperty({ example: 'OK' })
  readonly Status!: string;

  @ApiProperty({ example: 'Second factor begun' })
  readonly Message!: string;

  @ApiProperty({ type: SecondFactorDto })
  readonly Meta!: SecondFactorDto;
}

export class RecoveryCodesDto {
  @ApiProperty({ type: [String], description: 'Each is good once. Not shown again' })
  readonly recovery_codes!: readonly string[];
}

export class RecoveryCodesReply {
  @ApiProperty({ example: 'OK' })
  readonly Status!: string;

  @ApiProperty({ example: 'Second factor is on' })
  readonly Message!: string;

  @ApiProperty({ type: RecoveryCodesDto })
  readonly Meta!: RecoveryCodesDto;
}
