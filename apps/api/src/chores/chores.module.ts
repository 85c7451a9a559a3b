import { Global, Module } from '@nestjs/common';
import { ChoreRunner } from './chore-runner';
import { RedisChanges } from './redis-changes';

/** What committed changes leave to be done in the nodes' Redis. */
@Global()
@Module({ providers: [ChoreRunner, RedisChanges], exports: [ChoreRunner, RedisChanges] })
export class ChoresModule {}
