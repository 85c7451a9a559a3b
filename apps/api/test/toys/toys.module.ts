import { Body, Controller, Delete, Get, HttpCode, Module, Param, Post, Put, Res } from '@nestjs/common';
import { MongooseModule } from '@nestjs/mongoose';
import type { FastifyReply } from 'fastify';
import { StatusReply } from '@castellan/dto';
import { Requires } from '@castellan/rbac';
import { textAt } from '@castellan/tyk';
import { historyController } from '../../src/history/history.controller';
import { etagOf, IfMatch, Precondition } from '../../src/http/precondition';
import { OrganisationRequest, type OrganisationContext } from '../../src/http/request-context';
import { ResourceModule } from '../../src/resources/resource.module';
import { toyKind, toyModel } from './toy.kind';
import { ToysService, ToyStore } from './toys.service';

const ToyHistoryController = historyController({
  kind: toyKind.name,
  path: 'api/toys',
  tag: 'Toys',
  service: ToysService,
  nameOf: (document) => textAt(document, 'name'),
});

@Controller('api/toys')
class ToysController {
  constructor(private readonly toys: ToysService) {}

  @Get(':id')
  @Requires('api_assets', 'read', 'Get Toy')
  async get(
    @OrganisationRequest() { organisation }: OrganisationContext,
    @Param('id') id: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    const row = await this.toys.require(organisation, id);
    void reply.header('etag', etagOf(row.version));
    return JSON.parse(row.document);
  }

  @Post()
  @HttpCode(200)
  @Requires('api_assets', 'write', 'Create Toy')
  async create(@OrganisationRequest() context: OrganisationContext, @Body() body: unknown): Promise<StatusReply> {
    const row = await this.toys.create(context, body);
    return new StatusReply('Toy created', row._id.toString(), row.toyId);
  }

  @Put(':id')
  @Requires('api_assets', 'write', 'Update Toy')
  async update(
    @OrganisationRequest() context: OrganisationContext,
    @Param('id') id: string,
    @Body() body: unknown,
    @IfMatch() precondition: Precondition,
  ): Promise<StatusReply> {
    const row = await this.toys.update(context, id, body, precondition);
    return new StatusReply('Toy updated', String(row.version));
  }

  @Delete(':id')
  @Requires('api_assets', 'write', 'Delete Toy')
  async remove(
    @OrganisationRequest() context: OrganisationContext,
    @Param('id') id: string,
    @IfMatch() precondition: Precondition,
  ): Promise<StatusReply> {
    await this.toys.remove(context, id, precondition);
    return new StatusReply('Toy deleted');
  }
}

/** Everything of the kind; an application that imports it has the kind. */
@Module({
  imports: [ResourceModule, MongooseModule.forFeature([toyModel])],
  controllers: [ToyHistoryController, ToysController],
  providers: [ToyStore, ToysService],
})
export class ToysModule {}
