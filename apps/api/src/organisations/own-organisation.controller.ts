import { Body, Controller, Res } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { StatusReply } from '@castellan/dto';
import { Requires } from '@castellan/rbac';
import type { JsonObject } from '@castellan/tyk';
import { IfMatch, Precondition } from '../http/precondition';
import { sendNotes } from '../http/notes';
import { tagged } from '../http/reply-headers';
import { OrganisationRequest, type OrganisationContext } from '../http/request-context';
import { Route } from '../http/route';
import { OwnOrganisationService } from './own-organisation.service';

class OpenPolicyDto {
  @ApiPropertyOptional({ example: false })
  readonly enabled?: boolean;

  @ApiPropertyOptional({ example: 'package dashboard_users', description: 'Rego. It is kept, and not evaluated' })
  readonly rules?: string;
}

class OrganisationOpaDto {
  @ApiProperty({ type: OpenPolicyDto })
  readonly open_policy!: JsonObject;
}

class OrganisationPermissionsDto {
  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string' },
    example: { api_manager: 'API Manager' },
    description: 'Names, and what people read. They are kept, and give no right',
  })
  readonly additional_permissions!: JsonObject;
}

/** Clients decode these bodies strictly, so what they do not say goes into a header. */
const notes = {
  open_policy: [{ path: 'open_policy.rules', message: 'is stored and not evaluated: it allows and denies nothing' }],
  additional_permissions: [
    { path: 'additional_permissions', message: 'is stored and gives no right: rules that read it are not evaluated' },
  ],
} as const;

/** What an organisation keeps of Tyk's Open Policy Agent; tools read it back, and nothing here evaluates it. */
@ApiTags('Organisations')
@Controller('api/org')
export class OwnOrganisationController {
  constructor(private readonly organisation: OwnOrganisationService) {}

  @Route.get('opa', {
    access: Requires('system', 'read', 'List OPA rules'),
    id: 'getOpaRules',
    summary: 'The OPA rules of the organisation, which are kept and not evaluated',
    reply: OrganisationOpaDto,
    tagged: true,
  })
  async opa(
    @OrganisationRequest() { organisation }: OrganisationContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    const { version, value } = await this.organisation.get(organisation, 'open_policy');
    sendNotes(reply, notes.open_policy);
    return tagged({ version }, { open_policy: { enabled: false, rules: '', ...value } });
  }

  @Route.put('opa', {
    access: Requires('system', 'write', 'Update OPA rules'),
    id: 'updateOpaRules',
    summary: 'Replace the OPA rules of the organisation, which are kept and not evaluated',
    body: OrganisationOpaDto,
    reply: StatusReply,
    tagged: true,
    preconditioned: true,
  })
  async setOpa(
    @OrganisationRequest() context: OrganisationContext,
    @Body() body: unknown,
    @IfMatch() precondition: Precondition,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    const row = await this.organisation.set(context, 'open_policy', body, precondition);
    sendNotes(reply, notes.open_policy);
    return tagged(row, new StatusReply('OPA rules has been updated on org level.'));
  }

  @Route.get('permissions', {
    access: Requires('system', 'read', 'List additional permissions'),
    id: 'getAdditionalPermissions',
    summary: 'Permissions of the organisation’s own, which are kept and give no right',
    reply: OrganisationPermissionsDto,
    tagged: true,
  })
  async permissions(
    @OrganisationRequest() { organisation }: OrganisationContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    const { version, value } = await this.organisation.get(organisation, 'additional_permissions');
    sendNotes(reply, notes.additional_permissions);
    return tagged({ version }, { additional_permissions: value });
  }

  @Route.put('permissions', {
    access: Requires('system', 'write', 'Update additional permissions'),
    id: 'updateAdditionalPermissions',
    summary: 'Replace the permissions of the organisation’s own, which are kept and give no right',
    body: OrganisationPermissionsDto,
    reply: StatusReply,
    tagged: true,
    preconditioned: true,
  })
  async setPermissions(
    @OrganisationRequest() context: OrganisationContext,
    @Body() body: unknown,
    @IfMatch() precondition: Precondition,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    const row = await this.organisation.set(context, 'additional_permissions', body, precondition);
    sendNotes(reply, notes.additional_permissions);
    return tagged(row, new StatusReply('Additional Permissions updated in org level.'));
  }
}
