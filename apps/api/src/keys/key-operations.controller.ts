import { Body, Controller, Param } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { ValidationFailed } from '@castellan/dto';
import { Requires } from '@castellan/rbac';
import { IfMatch, Precondition } from '../http/precondition';
import { AskedFor } from '../http/query/query';
import { piece, tagged } from '../http/reply-headers';
import { OrganisationRequest, type OrganisationContext } from '../http/request-context';
import { Route } from '../http/route';
import { onlyKnownFields } from '../http/validation.pipe';
import { KeyBulk, type BulkOutcome } from './key-bulk';
import { KeyFinder } from './key-finder';
import { KeyChangeDto, KeyPoliciesDto, KeyResultsDto, KeyRotationDto, NamedKeysDto } from './key-operations.dto';
import { bulkQuery, keyQuery, type BulkQuery, type KeyQuery } from './key-queries';
import { keyReply } from './key-reply';
import { KeyRequests } from './key-requests';
import { KeyReplyDto } from './key.dto';
import { KeyRotation } from './key-rotation';
import { keyParam } from './key-routes';
import { Clock } from '@castellan/observability';

const inPieces = 'A request reaches a thousand keys; where the next one goes on, X-Next-After says.';

/** What is done to keys beside reading and writing one. */
@ApiTags('Keys')
@Controller('api/keys')
export class KeyOperationsController {
  constructor(
    private readonly requests: KeyRequests,
    private readonly finder: KeyFinder,
    private readonly rotation: KeyRotation,
    private readonly bulk: KeyBulk,
    private readonly clock: Clock,
  ) {}

  @Route.post('bulk/update', {
    access: Requires('keys', 'write', 'Update Keys'),
    id: 'updateKeys',
    summary: 'Change fields of all keys that the query finds, or that the body names',
    description: `A dry run says what would become of each, and how many there are: without that number as \`count\` nothing is written. ${inPieces}`,
    body: KeyChangeDto,
    example: { keys: ['a1b2c3d4e5f60718'], change: { rate: 20, per: 1 } },
    reply: KeyResultsDto,
    listed: true,
    errors: [409, 412],
  })
  async updateAll(
    @OrganisationRequest() context: OrganisationContext,
    @AskedFor(bulkQuery) query: BulkQuery,
    @Body(onlyKnownFields) { keys, change, reset_quota }: KeyChangeDto,
  ): Promise<unknown> {
    const selector = { query, keys: keys ?? null };
    return results(query, await this.bulk.update(context, selector, change, reset_quota));
  }

  @Route.post('bulk/delete', {
    access: Requires('keys', 'write', 'Delete Keys'),
    id: 'deleteKeys',
    summary: 'Delete all keys that the query finds, or that the body names',
    description: `A dry run says which, and how many there are: without that number as \`count\` none is deleted. ${inPieces}`,
    body: NamedKeysDto,
    example: { keys: ['a1b2c3d4e5f60718'] },
    reply: KeyResultsDto,
    listed: true,
    errors: [409, 412],
  })
  async removeAll(
    @OrganisationRequest() context: OrganisationContext,
    @AskedFor(bulkQuery) query: BulkQuery,
    @Body(onlyKnownFields) { keys }: NamedKeysDto,
  ): Promise<unknown> {
    return results(query, await this.bulk.remove(context, { query, keys: keys ?? null }));
  }

  @Route.post(':key/rotate', {
    access: Requires('keys', 'write', 'Rotate Key'),
    id: 'rotateKey',
    summary: 'Give a key another token; `key_id` is the token, shown only now',
    description:
      'The new key has the same rights and what is left of the quota. The old token is good for a grace period and expires then.',
    params: [keyParam],
    body: KeyRotationDto,
    example: { grace: 3_600 },
    reply: KeyReplyDto,
    tagged: true,
    preconditioned: true,
    errors: [409],
  })
  async rotate(
    @OrganisationRequest() context: OrganisationContext,
    @Param('key') key: string,
    @AskedFor(keyQuery) query: KeyQuery,
    @Body() { grace, key: id, reset_quota }: KeyRotationDto,
    @IfMatch() precondition: Precondition,
  ): Promise<unknown> {
    const found = await this.finder.seen(context, key, query);
    const how = { grace, id, carriesQuota: !reset_quota };
    const { token, row, session } = await this.rotation.rotate(context, found, how, precondition);
    return tagged(row, keyReply(row, session, this.clock.now(), { token }));
  }

  @Route.post(':key/policy', {
    access: Requires('keys', 'write', 'Apply Policies To Key'),
    id: 'applyPoliciesToKey',
    summary: 'Let a key follow other policies',
    description: 'What it has of policies that it follows no more goes with them; its quota goes on.',
    params: [keyParam],
    body: KeyPoliciesDto,
    example: { policy: '5ead71205759610001818680' },
    reply: KeyReplyDto,
    tagged: true,
    preconditioned: true,
    errors: [409],
  })
  applyPolicies(
    @OrganisationRequest() context: OrganisationContext,
    @Param('key') key: string,
    @AskedFor(keyQuery) query: KeyQuery,
    @Body() { policy, apply_policies }: KeyPoliciesDto,
    @IfMatch() precondition: Precondition,
  ): Promise<unknown> {
    const policies = apply_policies ?? (policy === undefined ? [] : [policy]);
    if (policies.length === 0) throw new ValidationFailed([{ path: 'apply_policies', message: 'must name a policy' }]);
    const body = { apply_policies: policies };
    return this.requests.update(context, { key, query, apiId: null }, { body, precondition, resetsQuota: false });
  }
}

function results({ dry_run }: BulkQuery, { total, results: all, next }: BulkOutcome): unknown {
  const isWhole = all.every(({ status }) => ['changed', 'unchanged', 'deleted'].includes(status));
  const reply: KeyResultsDto = { Status: isWhole ? 'OK' : 'Partial', total, dry_run, results: all };
  return piece(next, reply);
}
