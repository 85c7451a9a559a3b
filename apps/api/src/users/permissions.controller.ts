import { Controller, Param } from '@nestjs/common';
import { ApiProperty, ApiTags } from '@nestjs/swagger';
import { Forbidden } from '@castellan/dto';
import { allows, AnyUser } from '@castellan/rbac';
import { homeOf } from '../auth/user-rights';
import { OrganisationRequest, type OrganisationContext } from '../http/request-context';
import { Route } from '../http/route';
import { PermissionsService } from './permissions.service';
import { UserPermissionsDto } from './user-replies.dto';
import { UsersService } from './users.service';

class PermissionDto {
  @ApiProperty({ example: 'apis' })
  readonly name!: string;

  @ApiProperty({ example: 'API definitions, their versions, categories and owners' })
  readonly description!: string;

  @ApiProperty({ type: [String], example: ['read', 'write'] })
  readonly values!: readonly string[];
}

class CatalogueDto {
  @ApiProperty({ type: [PermissionDto] })
  readonly permissions!: readonly PermissionDto[];
}

/** Which rights there are, and who has them (docs/tyk/management.md#permissions). */
@ApiTags('Permissions')
@Controller('api')
export class PermissionsController {
  constructor(
    private readonly permissions: PermissionsService,
    private readonly users: UsersService,
  ) {}

  @Route.get('permissions', {
    access: AnyUser('List Permissions'),
    id: 'listPermissions',
    summary: 'List the rights that can be given, and what they are for',
    reply: CatalogueDto,
  })
  async list(@OrganisationRequest() { organisation }: OrganisationContext): Promise<CatalogueDto> {
    return { permissions: await this.permissions.catalogue(organisation) };
  }

  @Route.get('users/:id/permissions', {
    access: AnyUser('Get User Permissions'),
    id: 'getUserPermissions',
    summary: 'Get what a user may, own rights and those of groups together, and what comes from where',
    description: 'One’s own (`me`), or with `users: read` those of others.',
    params: [{ name: 'id', description: 'Id of the user', example: '54b53e4ceba6db5c35000003' }],
    reply: UserPermissionsDto,
    errors: [403],
  })
  async ofUser(
    @OrganisationRequest() { organisation, user, request }: OrganisationContext,
    @Param('id') id: string,
  ): Promise<UserPermissionsDto> {
    const wanted = id === 'me' ? user.userId : id.toLowerCase();
    if (wanted !== user.userId && !allows(user.grants, 'users', 'read')) throw new Forbidden(request.path);
    return this.permissions.of(await this.users.require(wanted === user.userId ? homeOf(user) : organisation, wanted));
  }
}
