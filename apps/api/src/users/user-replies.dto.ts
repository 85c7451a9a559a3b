import { ApiProperty } from '@nestjs/swagger';
import { int32, StatusReply } from '@castellan/dto';
import { UserDto } from './user.dto';

/**
 * `Message` is the access key, `Meta` the user: what every bootstrap script relies on (docs/tyk/management.md#users).
 */
export class UserCreatedReply {
  @ApiProperty({ example: 'OK' })
  readonly Status!: string;

  @ApiProperty({ description: 'The access key; it is not shown again' })
  readonly Message!: string;

  @ApiProperty({ type: UserDto })
  readonly Meta!: UserDto;
}

/** `Meta` is the user as it is now. */
export class UserUpdatedReply {
  @ApiProperty({ example: 'OK' })
  readonly Status!: string;

  @ApiProperty({ example: 'User updated' })
  readonly Message!: string;

  @ApiProperty({ type: UserDto })
  readonly Meta!: UserDto;
}

/** A reply that shows a new access key, which nobody is shown again. */
export class AccessKeyReply extends StatusReply {
  @ApiProperty({ description: 'The access key; it is not shown again' })
  readonly AccessKey: string;

  constructor(message: string, meta: string | null, accessKey: string) {
    super(message, meta);
    this.AccessKey = accessKey;
  }
}

class RightSourceDto {
  @ApiProperty({ enum: ['user', 'group'] })
  readonly from!: string;

  @ApiProperty()
  readonly id!: string;

  @ApiProperty({ description: 'The address of the user, or the name of the group' })
  readonly name!: string;

  @ApiProperty({ example: 'write' })
  readonly value!: string;
}

class EffectiveRightDto {
  @ApiProperty({ example: 'apis' })
  readonly name!: string;

  @ApiProperty({ example: 'write' })
  readonly value!: string;

  @ApiProperty({ type: [RightSourceDto] })
  readonly sources!: readonly RightSourceDto[];
}

class GroupOfUserDto {
  @ApiProperty()
  readonly id!: string;

  @ApiProperty()
  readonly name!: string;

  @ApiProperty({ description: 'An inactive group gives nothing' })
  readonly active!: boolean;
}

/** What a user may at this moment. */
export class UserPermissionsDto {
  @ApiProperty()
  readonly administrator!: boolean;

  @ApiProperty({ description: 'A program’s account, as which nobody logs in' })
  readonly service_account!: boolean;

  @ApiProperty({ ...int32, description: 'Requests a minute; 0 for what the installation says' })
  readonly rate_limit!: number;

  @ApiProperty({ type: [EffectiveRightDto] })
  readonly permissions!: readonly EffectiveRightDto[];

  @ApiProperty({ type: [GroupOfUserDto] })
  readonly groups!: readonly GroupOfUserDto[];
}
