import { Readable } from 'node:stream';
import { Controller, Param, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Requires } from '@castellan/rbac';
import { csvLine } from '../../audit/csv';
import { AskedFor } from '../../http/query/query';
import { SpanRequest, type SpanContext } from '../../http/request-context';
import { Route } from '../../http/route';
import { LogDetailDto, LogListDto } from './log.dto';
import { logQuery, type LogAsked } from './log.query';
import { LogService } from './log.service';

/** Columns of the file; messages are not among them, because they may be of any kind. */
const columns = [
  ...(['id', 'TimeStamp', 'APIID', 'APIName', 'APIVersion', 'Method', 'Path', 'RawPath', 'ResponseCode'] as const),
  ...(['APIKey', 'Alias', 'OauthID', 'IPAddress', 'UserAgent', 'RequestTime', 'ContentLength', 'Tags'] as const),
] as const;

async function* linesOf(pieces: AsyncIterable<LogListDto>): AsyncGenerator<string> {
  yield csvLine(columns);
  for await (const { data } of pieces) {
    yield data.map((record) => csvLine(columns.map((column) => record[column]))).join('');
  }
}

/** The log of requests. */
@ApiTags('Analytics')
@Controller('api/logs')
export class LogController {
  constructor(private readonly logs: LogService) {}

  @Route.get('', {
    access: Requires('log', 'read', 'Log Browser'),
    id: 'listLogs',
    summary: 'List recorded requests, the newest first',
    description: 'With `p=-1` a reply in JSON has up to 1,000 of them and says where to go on; one in CSV has all.',
    reply: LogListDto,
    produces: ['application/json', 'text/csv'],
    everywhere: true,
  })
  async list(
    @SpanRequest() context: SpanContext,
    @AskedFor(logQuery) query: LogAsked,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const first = await this.logs.list(context, query);
    if (query.type !== 'csv') {
      void reply.send(first);
      return;
    }
    const lines = linesOf(this.logs.from(first, context, query));
    // A piece at a time: none is read ahead for somebody who reads slowly, and none at all once nobody reads any more.
    const file = Readable.from(lines, { highWaterMark: 1 });
    void reply.header('content-type', 'text/csv; charset=utf-8').send(file);
  }

  @Route.get(':id', {
    access: Requires('log', 'read', 'Log Detail'),
    id: 'getLog',
    summary: 'Get one recorded request, with what was recorded of the messages',
    params: [{ name: 'id', description: 'Id of the record', example: '6b07a8ee73882eb05c0245db' }],
    reply: LogDetailDto,
    everywhere: true,
  })
  async get(@SpanRequest() context: SpanContext, @Param('id') id: string): Promise<LogDetailDto> {
    return this.logs.get(context, id);
  }
}
