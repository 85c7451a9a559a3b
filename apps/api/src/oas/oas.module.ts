import { Module } from '@nestjs/common';
import { ApisModule } from '../apis/apis.module';
import { MigrationController } from './migration.controller';
import { MigrationService } from './migration.service';
import { McpListController } from './mcp-list.controller';
import { McpController, OasController, StreamsController } from './oas.controller';
import { OasImportController } from './oas-import.controller';
import { OasService } from './oas.service';
import { OasCategoriesController } from '../apis/categories.controller';
import { OasVersionsController } from './oas-versions.controller';
import { OasVersionsService } from './oas-versions.service';

@Module({
  imports: [ApisModule],
  controllers: [
    MigrationController,
    OasImportController,
    OasVersionsController,
    OasCategoriesController,
    OasController,
    StreamsController,
    McpListController,
    McpController,
  ],
  providers: [MigrationService, OasService, OasVersionsService],
})
export class OasModule {}
