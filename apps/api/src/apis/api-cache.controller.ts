import { Controller, Param } from '@nestjs/common';
import { ApiProperty, ApiTags } from '@nestjs/swagger';
import { CastellanError } from '@castellan/dto';
import { Requires } from '@castellan/rbac';
import { OrganisationRequest, type OrganisationContext } from '../http/request-context';
import { Route } from '../http/route';
import { ApisService } from './apis.service';

class CacheReply {
  @ApiProperty({ example: 'success' })
  readonly message!: string;

  @ApiProperty({ example: 'OK' })
  readonly status!: string;
}

/** What gateways have cached of an API. */
@ApiTags('API definitions')
@Controller('api/cache')
export class ApiCacheController {
  constructor(private readonly apis: ApisService) {}

  /** Gateways from 5.9 on know the message; older ones fetch keys again when theirs expire. */
  @Route.delete('jwks/:id', {
    access: Requires('apis', 'write', 'Invalidate JWKS Cache'),
    id: 'invalidateJwksCache',
    summary: 'Make gateways fetch the JSON Web Key Sets of an API again',
    params: [{ name: 'id', description: 'Database id or api_id', example: 'b84fe1a04e5648927971c0557971565c' }],
    reply: CacheReply,
  })
  async invalidate(@OrganisationRequest() context: OrganisationContext, @Param('id') id: string): Promise<CacheReply> {
    await this.apis.commit(context, async (unit) => {
      const row = await this.apis.find(unit.organisation, id, unit.session);
      // In the status and the words that clients know of an API that the organisation does not have.
      if (row === null) throw new CastellanError(403, 'not_found', 'Update not allowed, API not owned by user');
      unit.effect('InvalidateJWKSCacheForAPI', row.apiId);
    });
    return { message: 'success', status: 'OK' };
  }
}
