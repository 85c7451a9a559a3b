import { Module } from '@nestjs/common';
import { AuditPruner } from './audit-pruner';
import { AuditSealer } from './audit-sealer';
import { ReplicaLock } from './replica-lock';
import { RevisionPruner } from './revision-pruner';

/** What goes on in the background with history: audit records are sealed, and what is too old is deleted. */
@Module({ providers: [ReplicaLock, AuditSealer, AuditPruner, RevisionPruner] })
export class RetentionModule {}
