import { Controller, Param } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { OperatorOnly } from '@castellan/rbac';
import { listParameters, placeOf } from '../../http/paging';
import { AskedFor, RouteQuery, type Asked } from '../../http/query/query';
import { piece } from '../../http/reply-headers';
import { OperatorContext, OperatorRequest } from '../../http/request-context';
import { Route } from '../../http/route';
import { DeadLetterDetailDto, DeadLetterDoneDto, DeadLetterListDto } from './dead-letter.dto';
import { DeadLettersService } from './dead-letters.service';

const listQuery = new RouteQuery(listParameters);
const params = [{ name: 'id', description: 'Id of the record', example: '6b07a8ee73882eb05c0245db' }];

/** What could not be read of what gateways recorded. It is the operator's, because it names no organisation that could be believed. */
@ApiTags('Analytics')
@Controller('admin/analytics/dead-letters')
export class DeadLettersController {
  constructor(private readonly letters: DeadLettersService) {}

  @Route.get('', {
    access: OperatorOnly('List Dead Letters'),
    id: 'listDeadLetters',
    summary: 'List the analytics records that could not be read or stored, the newest first',
    description: 'They are kept for 90 days.',
    reply: DeadLetterListDto,
    listed: true,
  })
  async list(@AskedFor(listQuery) query: Asked<typeof listQuery>): Promise<unknown> {
    const { list, next } = await this.letters.list(placeOf(query));
    return piece(next, list);
  }

  @Route.get(':id', {
    access: OperatorOnly('Get Dead Letter'),
    id: 'getDeadLetter',
    summary: 'Get one of them with its bytes',
    description: 'They may hold what callers sent, personal data included.',
    params,
    reply: DeadLetterDetailDto,
  })
  async get(@Param('id') id: string): Promise<DeadLetterDetailDto> {
    return this.letters.get(id);
  }

  @Route.post(':id/requeue', {
    access: OperatorOnly('Requeue Dead Letter'),
    id: 'requeueDeadLetter',
    summary: 'Try again to store it',
    description: 'It is put back into Redis and stored once, however often it is asked for.',
    params,
    reply: DeadLetterDoneDto,
    errors: [409],
  })
  async requeue(@OperatorRequest() context: OperatorContext, @Param('id') id: string): Promise<DeadLetterDoneDto> {
    await this.letters.requeue(context.ofNobody(), id);
    return done('Dead letter put back');
  }

  @Route.delete(':id', {
    access: OperatorOnly('Delete Dead Letter'),
    id: 'deleteDeadLetter',
    summary: 'Delete it',
    description: 'For good.',
    params,
    reply: DeadLetterDoneDto,
  })
  async remove(@OperatorRequest() context: OperatorContext, @Param('id') id: string): Promise<DeadLetterDoneDto> {
    await this.letters.remove(context.ofNobody(), id);
    return done('Dead letter deleted');
  }
}

const done = (message: string): DeadLetterDoneDto => ({ Status: 'OK', Message: message, Meta: null });
