import { Global, Module } from '@nestjs/common';
import { ChoreRunner } from './chore-runner';

/** What committed changes leave to be done in the nodes' Redis. */
@Global()
@Module({ providers: [ChoreRunner], exports: [ChoreRunner] })
export class ChoresModule {}
