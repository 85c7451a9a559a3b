import { Injectable } from '@nestjs/common';
import { ValidationFailed } from '@castellan/dto';
import { Clock } from '@castellan/observability';
import type { KeyRow } from '@castellan/persistence';
import { numberAt, sessionForCallers, writeSession, type Session } from '@castellan/tyk';
import type { Precondition } from '../http/precondition';
import type { OrganisationContext } from '../http/request-context';
import { ResourceTools } from '../resources/resource-tools';
import { KeyContents } from './key-contents';
import { KeyCounters } from './key-counters';
import { sessionToChange, type FoundKey } from './key-finder';
import { KeyWriter } from './key-writer';
import { KeysService, requireVersion, type CreatedKey } from './keys.service';

/** How a key is given another token. */
export interface Rotation {
  /** How long the old token is good yet, in seconds. */
  readonly grace: number;
  /** What the new key is to be called; undefined for a generated token. */
  readonly id?: string | undefined;
  /** Whether the new key goes on with what is left of the quota, or begins anew. */
  readonly carriesQuota: boolean;
}

/** Gives keys another token. */
@Injectable()
export class KeyRotation {
  constructor(
    private readonly tools: ResourceTools,
    private readonly keys: KeysService,
    private readonly contents: KeyContents,
    private readonly writer: KeyWriter,
    private readonly counters: KeyCounters,
    private readonly clock: Clock,
  ) {}

  /**
   * Makes a key with the same rights, and lets the old one end when the grace is over: both in one step, so that of two
   * rotations at the same moment one is refused. Nodes refuse the old token to the second, since they look at `expires` with
   * each call.
   *
   * @throws ValidationFailed for keys whose token says more than that it is theirs, Conflict, VersionMismatch, Unavailable
   */
  async rotate(
    context: OrganisationContext,
    found: FoundKey,
    { grace, id, carriesQuota }: Rotation,
    demand: Precondition,
  ): Promise<CreatedKey> {
    refuseFixed(found);
    const { session, completion } = await this.twinOf(context, found, {}, !carriesQuota);
    const { before, now } = completion;
    const { change, token } = await this.keys.draft(context, id === undefined ? {} : { id }, session, found);
    const old = grace === 0 ? null : await this.contents.complete({ expires: endOf(before, now, grace) }, completion);
    const ending = this.writer.changeOf(found, old, old && writeSession(old, found.text));
    await this.writer.writeTogether(context, async (unit) => {
      await requireVersion(unit, found, demand);
      return [change, ending];
    });
    if (carriesQuota) await this.counters.carry(found.row, change.row);
    if (old === null) await this.counters.reset([ending.row]);
    return { token, row: change.row, session: sessionForCallers(session) };
  }

  /**
   * Makes the same key for another certificate, which goes on with what is left of the quota; the one that there is stays.
   *
   * @param also what else is other in the new one
   * @throws Conflict when another key is bound to that certificate, ValidationFailed, Unavailable
   */
  async rebind(context: OrganisationContext, found: FoundKey, certificate: string, also: Session): Promise<KeyRow> {
    const { session } = await this.twinOf(context, found, { ...also, certificate }, false);
    const { change } = await this.keys.draft(context, { certificate }, session, found);
    await this.writer.writeTogether(context, [change]);
    await this.counters.carry(found.row, change.row);
    return change.row;
  }

  /** The session of a new key that is like one that there is, but for what is said. */
  private async twinOf(context: OrganisationContext, found: FoundKey, content: Session, resetsQuota: boolean) {
    const sight = await this.tools.sights.of(context);
    const before = sessionToChange(found);
    const completion = { ...context, sight, now: this.clock.now(), resetsQuota, before, row: found.row };
    const undated = Object.fromEntries(Object.entries(before).filter(([name]) => name !== 'date_created'));
    return { session: await this.contents.complete(content, { ...completion, before: undated }), completion };
  }
}

function refuseFixed({ row }: FoundKey): void {
  const refuse = (message: string): never => {
    throw new ValidationFailed([{ path: 'key', message }]);
  };
  if (row.username !== '') refuse('is a user, whose name is the token: change the password instead');
  if (row.certificate !== '')
    refuse('is bound to a certificate, which is the token: bind a key to another certificate');
  if (row.oauthClient !== '') refuse('is a token of an OAuth client, which asks for another one itself');
}

/** The old key ends when the grace is over, or before. */
function endOf(session: FoundKey['session'], now: Date, grace: number): number {
  const end = Math.floor(now.getTime() / 1_000) + grace;
  const expires = numberAt(session, 'expires');
  return expires > 0 ? Math.min(expires, end) : end;
}
