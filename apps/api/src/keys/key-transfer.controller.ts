import { Body, Controller } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { OperatorOnly, Requires } from '@castellan/rbac';
import { AskedFor, type Asked } from '../http/query/query';
import { piece } from '../http/reply-headers';
import { OrganisationRequest, type OrganisationContext } from '../http/request-context';
import { Route } from '../http/route';
import { KeyOrphans } from './key-orphans';
import { KeyReconciliationDto, KeyResultsDto, MovedKeysDto, OrphansDto, RepairDto } from './key-operations.dto';
import { exportQuery, importQuery, reconcileQuery, type ImportQuery, type ReconcileQuery } from './key-queries';
import { KeyReconciler } from './key-reconciler';
import { KeyTransfer } from './key-transfer';

const inPieces = 'In pieces of a thousand keys: where the next one begins, X-Next-After says.';
const aDay = 86_400;

/** Keys as a whole: moving them to another installation, and whether index and Redis agree. */
@ApiTags('Keys')
@Controller()
export class KeyTransferController {
  constructor(
    private readonly transfer: KeyTransfer,
    private readonly reconciler: KeyReconciler,
    private readonly orphans: KeyOrphans,
  ) {}

  @Route.get('api/keys/export', {
    access: Requires('keys', 'write', 'Export Keys'),
    id: 'exportKeys',
    summary: 'Keys with their sessions, secrets included, for another installation',
    description: inPieces,
    reply: MovedKeysDto,
    listed: true,
  })
  async export(
    @OrganisationRequest() context: OrganisationContext,
    @AskedFor(exportQuery) { after }: Asked<typeof exportQuery>,
  ): Promise<unknown> {
    const { keys, next } = await this.transfer.export(context, after);
    return piece(next, { keys });
  }

  @Route.post('api/keys/import', {
    access: Requires('keys', 'write', 'Import Keys'),
    id: 'importKeys',
    summary: 'Take keys that another installation has exported',
    description:
      'Sessions are written as they come, for the caller’s organisation. Each key is told apart; those that cannot be taken leave the others alone.',
    body: MovedKeysDto,
    example: { keys: [] },
    reply: KeyResultsDto,
    errors: [409, 412],
  })
  async import(
    @OrganisationRequest() context: OrganisationContext,
    @AskedFor(importQuery) { overwrite, dry_run }: ImportQuery,
    @Body() { keys }: MovedKeysDto,
  ): Promise<KeyResultsDto> {
    const results = await this.transfer.import(context, keys, { overwrite, dryRun: dry_run });
    const isWhole = results.every(({ status }) => status !== 'refused' && status !== 'failed');
    return { Status: isWhole ? 'OK' : 'Partial', total: keys.length, dry_run, results };
  }

  @Route.get('api/keys/reconcile', {
    access: Requires('keys', 'read', 'Report Keys'),
    id: 'reportKeys',
    summary: 'Where the index of keys and Redis differ',
    description: inPieces,
    reply: KeyReconciliationDto,
    listed: true,
  })
  report(
    @OrganisationRequest() context: OrganisationContext,
    @AskedFor(reconcileQuery) query: ReconcileQuery,
  ): Promise<unknown> {
    return this.look(context, query, []);
  }

  @Route.post('api/keys/reconcile', {
    access: Requires('keys', 'write', 'Reconcile Keys'),
    id: 'reconcileKeys',
    summary: 'Put right where the index of keys and Redis differ',
    description: `Missing keys are forgotten, expired and all-opening ones deleted, copies joined to their keys. ${inPieces}`,
    body: RepairDto,
    example: { repair: ['missing'] },
    reply: KeyReconciliationDto,
    listed: true,
    errors: [409, 412],
  })
  repair(
    @OrganisationRequest() context: OrganisationContext,
    @AskedFor(reconcileQuery) query: ReconcileQuery,
    @Body() { repair }: RepairDto,
  ): Promise<unknown> {
    return this.look(context, query, repair);
  }

  @Route.get('admin/keys/reconcile', {
    access: OperatorOnly('Report Orphaned Keys'),
    id: 'reportOrphanedKeys',
    summary: 'Sessions in Redis of organisations that there are not',
    reply: OrphansDto,
  })
  reportOrphans(): Promise<OrphansDto> {
    return this.orphans.look(false);
  }

  @Route.post('admin/keys/reconcile', {
    access: OperatorOnly('Delete Orphaned Keys'),
    id: 'deleteOrphanedKeys',
    summary: 'Delete the sessions in Redis that the report names',
    description: 'They may be another control plane’s that shares the Redis; the report says whose they are.',
    reply: OrphansDto,
  })
  removeOrphans(): Promise<OrphansDto> {
    return this.orphans.look(true);
  }

  private async look(
    context: OrganisationContext,
    { after, expired_for = aDay }: ReconcileQuery,
    repair: RepairDto['repair'],
  ): Promise<unknown> {
    const where = { after, expiredForMs: expired_for * 1_000 };
    const { next, ...found } = await this.reconciler.look(context, where, new Set(repair));
    const reply: KeyReconciliationDto = { scan: await this.orphans.scan(), ...found };
    return piece(next, reply);
  }
}
