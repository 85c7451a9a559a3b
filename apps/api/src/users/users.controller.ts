import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation, ApiParam, ApiQuery, ApiTags } from '@nestjs/swagger';
import { StatusReply } from '@castellan/dto';
import { AdminOnly } from '@castellan/rbac';
import { ApiErrors } from '../http/api-errors.decorator';
import { pageFrom } from '../http/paging';
import { AdminContext, AdminRequest } from '../http/request-context';
import { UserCreatedReply, UserDto, UserInput, UserListDto } from './user.dto';
import { UsersService } from './users.service';

@ApiTags('Users')
@Controller('admin/users')
export class UsersController {
  constructor(private readonly users: UsersService) {}

  @Get()
  @AdminOnly('List Users')
  @ApiOperation({ operationId: 'adminListUsers', summary: 'List the users of all organisations' })
  @ApiQuery({ name: 'p', required: false, description: 'Page, from 1; a negative number gives everything' })
  @ApiOkResponse({ type: UserListDto })
  @ApiErrors(401, 429)
  async list(@Query('p') p?: string): Promise<UserListDto> {
    return this.users.list(pageFrom(p));
  }

  @Get(':id')
  @AdminOnly('Get User')
  @ApiOperation({ operationId: 'adminGetUser', summary: 'Get a user' })
  @ApiParam({ name: 'id', example: '54b53e4ceba6db5c35000003' })
  @ApiOkResponse({ type: UserDto })
  @ApiErrors(401, 404, 429)
  async get(@Param('id') id: string): Promise<UserDto> {
    return this.users.get(id);
  }

  @Post()
  @HttpCode(200)
  @AdminOnly('Create User')
  @ApiOperation({ operationId: 'adminCreateUser', summary: 'Create a user; Message is the access key' })
  @ApiBody({ type: UserInput })
  @ApiOkResponse({ type: UserCreatedReply })
  @ApiErrors(400, 401, 403, 413, 429)
  async create(@AdminRequest() context: AdminContext, @Body() input: UserInput): Promise<StatusReply> {
    const { accessKey, user } = await this.users.create(context, input);
    return new StatusReply(accessKey, user);
  }
}
