import { Body, Controller } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Requires } from '@castellan/rbac';
import { OrganisationRequest, type OrganisationContext } from '../http/request-context';
import { Route } from '../http/route';
import { MigrationInput, MigrationReply } from './migration.dto';
import { MigrationService } from './migration.service';

@ApiTags('OAS APIs')
@Controller('api/apis')
export class MigrationController {
  constructor(private readonly migration: MigrationService) {}

  @Route.post('migrate', {
    access: Requires('apis', 'write', 'Migrate APIs'),
    id: 'migrateApis',
    summary: 'Turn classic APIs into OAS APIs, or show what would become of them',
    description: 'Each API by itself: one that fails leaves the others alone unless `abortOnFailure` is set.',
    example: { mode: 'dryRun', all: true },
    body: MigrationInput,
    reply: MigrationReply,
  })
  async migrate(
    @OrganisationRequest() context: OrganisationContext,
    @Body() input: MigrationInput,
  ): Promise<MigrationReply> {
    return this.migration.migrate(context, input);
  }
}
