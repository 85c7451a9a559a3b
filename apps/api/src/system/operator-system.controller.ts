import { Controller } from '@nestjs/common';
import { ApiProperty, ApiTags } from '@nestjs/swagger';
import { OperatorOnly } from '@castellan/rbac';
import { OperatorContext, OperatorRequest } from '../http/request-context';
import { Route } from '../http/route';
import { InstallationService } from './installation.service';

class ReloadedDto {
  @ApiProperty({ example: 'ok' })
  readonly status!: string;
}

/** What the operator tells the installation itself. */
@ApiTags('System')
@Controller('admin/system')
export class OperatorSystemController {
  constructor(private readonly installation: InstallationService) {}

  @Route.get('reload', {
    access: OperatorOnly('Reload System'),
    id: 'reloadSystem',
    summary: 'Read again what the installation reads from files that may change',
    description: 'The admin secrets of ADMIN_SECRETS_FILE, at once; other replicas do so by themselves within seconds.',
    reply: ReloadedDto,
    errors: [409],
  })
  async reload(@OperatorRequest() context: OperatorContext): Promise<ReloadedDto> {
    await this.installation.readAgain(context.ofNobody());
    return { status: 'ok' };
  }
}
