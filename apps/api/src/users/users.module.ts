import { Module } from '@nestjs/common';
import { ResourceModule } from '../resources/resource.module';
import { UsersController } from './users.controller';
import { UsersService } from './users.service';

@Module({
  imports: [ResourceModule],
  controllers: [UsersController],
  providers: [UsersService],
})
export class UsersModule {}
