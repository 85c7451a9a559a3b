import { Module } from '@nestjs/common';
import { ApisModule } from './apis/apis.module';
import { NodesModule } from './nodes/nodes.module';

/** The organisation's plane: what users may do with their access keys, as far as they were given the right. */
@Module({ imports: [ApisModule, NodesModule] })
export class OrganisationModule {}
