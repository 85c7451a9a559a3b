import { Controller, Module } from '@nestjs/common';
import { MongooseModule } from '@nestjs/mongoose';
import { ApiProperty } from '@nestjs/swagger';
import { StatusReply } from '@castellan/dto';
import { textAt } from '@castellan/tyk';
import { historyController } from '../../src/history/history-routes';
import { ResourceModule } from '../../src/resources/resource.module';
import { resourceRoutes } from '../../src/resources/resource-routes';
import { toyKind, toyModel, type ToyRow } from './toy.kind';
import { ToysService, ToyStore } from './toys.service';

const ToyHistoryController = historyController({
  kind: toyKind.name,
  path: 'api/toys',
  tag: 'Toys',
  service: ToysService,
  nameOf: (document) => textAt(document, 'name'),
});

class ToyDto {
  @ApiProperty()
  readonly name!: string;
}

const routes = resourceRoutes<ToyRow>({
  kind: toyKind.name,
  id: { name: 'id', example: 'bear' },
  input: ToyDto,
  shown: ToyDto,
  get: { summary: 'Get a toy' },
  create: { summary: 'Create a toy' },
  update: { summary: 'Replace a toy' },
  remove: { summary: 'Delete a toy' },
  errors: [409],
  replies: {
    created: StatusReply,
    written: StatusReply,
    text: ({ document }) => document,
    create: ({ _id, toyId }) => new StatusReply('Toy created', _id.toString(), toyId),
    update: ({ version }) => new StatusReply('Toy updated', String(version)),
    remove: () => new StatusReply('Toy deleted'),
  },
});

@Controller('api/toys')
class ToysController extends routes {
  constructor(override readonly resources: ToysService) {
    super(resources);
  }
}

/** Everything of the kind; an application that imports it has the kind. */
@Module({
  imports: [ResourceModule, MongooseModule.forFeature([toyModel])],
  controllers: [ToyHistoryController, ToysController],
  providers: [ToyStore, ToysService],
})
export class ToysModule {}
