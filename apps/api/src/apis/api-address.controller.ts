import { Controller, Param } from '@nestjs/common';
import { ApiProperty, ApiTags } from '@nestjs/swagger';
import { CastellanError } from '@castellan/dto';
import { Requires } from '@castellan/rbac';
import { OrganisationRequest, type OrganisationContext } from '../http/request-context';
import { Route } from '../http/route';
import { ApiAddressService } from './api-address.service';
import { ApisService } from './apis.service';

class ApiUrlDto {
  @ApiProperty({ example: 'http://127.0.0.1:8080/echo/' })
  readonly ApiURL!: string;

  @ApiProperty({ example: '/echo/' })
  readonly BasePath!: string;

  @ApiProperty({ example: '127.0.0.1:8080' })
  readonly Host!: string;
}

/** Where an API answers. */
@ApiTags('API definitions')
@Controller('api/apis')
export class ApiAddressController {
  constructor(
    private readonly apis: ApisService,
    private readonly addresses: ApiAddressService,
  ) {}

  @Route.get(':id/url', {
    access: Requires('apis', 'read', 'Get API URL'),
    id: 'getApiUrl',
    summary: 'Where callers reach an API',
    params: [{ name: 'id', description: 'Database id or api_id', example: '54c24242eba6db1c9a000002' }],
    reply: ApiUrlDto,
  })
  async url(@OrganisationRequest() { organisation }: OrganisationContext, @Param('id') id: string): Promise<ApiUrlDto> {
    const row = await this.apis.find(organisation, id, null);
    if (row === null) throw new CastellanError(400, 'not_found', 'Could not retrieve API detail');
    return this.addresses.url(row);
  }
}
