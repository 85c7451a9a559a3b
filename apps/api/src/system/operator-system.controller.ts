import { Controller } from '@nestjs/common';
import { ApiProperty, ApiTags } from '@nestjs/swagger';
import { CastellanError } from '@castellan/dto';
import { ChangeRecorder } from '@castellan/persistence';
import { OperatorOnly } from '@castellan/rbac';
import { OperatorSecretsReader } from '../auth/operator-secrets-reader';
import { AdminContext, AdminRequest } from '../http/request-context';
import { Route } from '../http/route';

class ReloadedDto {
  @ApiProperty({ example: 'ok' })
  readonly status!: string;
}

/** What the operator tells the installation itself. */
@ApiTags('System')
@Controller('admin/system')
export class OperatorSystemController {
  constructor(
    private readonly secrets: OperatorSecretsReader,
    private readonly changes: ChangeRecorder,
  ) {}

  @Route.get('reload', {
    access: OperatorOnly('Reload System'),
    id: 'reloadSystem',
    summary: 'Read again what the installation reads from files that may change',
    description: 'The admin secrets of ADMIN_SECRETS_FILE, at once; other replicas do so by themselves within seconds.',
    reply: ReloadedDto,
    errors: [409],
  })
  async reload(@AdminRequest() context: AdminContext): Promise<ReloadedDto> {
    try {
      this.secrets.read();
    } catch (cause) {
      const message =
        'CASTELLAN_ADMIN_SECRETS_FILE cannot be read or is wrong, and what was good stays so; the log says more';
      throw new CastellanError(409, 'not_configured', message, { cause });
    }
    await this.changes.recordAct(context.ofNobody());
    return { status: 'ok' };
  }
}
