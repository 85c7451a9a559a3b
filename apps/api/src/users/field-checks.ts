import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsInt, IsObject, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import { int32 } from '@castellan/dto';

/** Text that may be left out. */
export const OptionalText = (example: string, most: number): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({ type: String, nullable: true, example }),
    IsOptional(),
    IsString({ message: 'must be text' }),
    MaxLength(most, { message: `must have at most ${most} characters` }),
  );

/** A choice that may be left out. */
export const OptionalChoice = (description: string): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({ type: Boolean, nullable: true, description }),
    IsOptional(),
    IsBoolean({ message: 'must be true or false' }),
  );

/** A whole number from zero on that may be left out. */
export const OptionalCount = (description: string, most: number): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({ ...int32, nullable: true, description }),
    IsOptional(),
    IsInt({ message: 'must be a whole number' }),
    Min(0, { message: 'must be at least 0' }),
    Max(most, { message: `must be at most ${most}` }),
  );

/** After how many days a password is too old. */
export const PasswordMaxDays = (): PropertyDecorator =>
  OptionalCount('Days after which a password is too old; 0 for never', 36_500);

/** Rights, by the names of their sections. */
export const OptionalRights = (description: string, example: Readonly<Record<string, string>>): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({ type: 'object', additionalProperties: { type: 'string' }, example, description }),
    IsOptional(),
    IsObject({ message: 'must be an object' }),
  );
