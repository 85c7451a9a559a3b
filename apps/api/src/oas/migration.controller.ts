import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Requires } from '@castellan/rbac';
import { ApiErrors } from '../http/api-errors.decorator';
import { OrganisationRequest, type OrganisationContext } from '../http/request-context';
import { MigrationInput, MigrationReply } from './migration.dto';
import { MigrationService } from './migration.service';

@ApiTags('OAS APIs')
@Controller('api/apis')
export class MigrationController {
  constructor(private readonly migration: MigrationService) {}

  @Post('migrate')
  @HttpCode(200)
  @Requires('apis', 'write', 'Migrate APIs')
  @ApiOperation({
    operationId: 'migrateApis',
    summary: 'Turn classic APIs into OAS APIs, or show what would become of them',
  })
  @ApiBody({ type: MigrationInput })
  @ApiOkResponse({ type: MigrationReply })
  @ApiErrors(400, 401, 403)
  async migrate(
    @OrganisationRequest() context: OrganisationContext,
    @Body() input: MigrationInput,
  ): Promise<MigrationReply> {
    return this.migration.migrate(context, input);
  }
}
