import { Injectable } from '@nestjs/common';
import { AuditStore, sealOf, type AuditChainRow, type AuditOwner, type AuditRow } from '@castellan/persistence';
import type { AuditVerificationDto, BreakProblem, ChainBreakDto } from './audit-log.dto';

/** How many records beyond a break are looked at to tell a changed record from a moved one. */
const searchDepth = 1_000;

interface Walk {
  readonly checked: number;
  readonly firstBreak: ChainBreakDto | null;
}

const breakAt = (sequence: number | null, problem: BreakProblem, row?: AuditRow): ChainBreakDto => ({
  sequence,
  id: row?._id.toString() ?? null,
  problem,
});

/** Walks the chain of one owner from the checkpoint of retention to its end, computing every seal again. */
@Injectable()
export class AuditVerifier {
  constructor(private readonly store: AuditStore) {}

  async verify(owner: AuditOwner): Promise<AuditVerificationDto> {
    for (;;) {
      const { chain, unsealed } = await this.store.state(owner);
      const { checked, firstBreak } = await this.walk(chain);
      // Retention went on meanwhile, and what looks like a gap may be its work.
      if (firstBreak !== null && (await this.store.chain(owner)).prunedTo > chain.prunedTo) continue;
      return {
        valid: firstBreak === null,
        checked,
        sealed_up_to: chain.count,
        last_seal: chain.seal,
        unsealed,
        pruned_up_to: chain.prunedTo,
        first_break: firstBreak,
      };
    }
  }

  private async walk(chain: AuditChainRow): Promise<Walk> {
    let { prunedTo: place, prunedSeal: seal } = chain;
    const walked = (firstBreak: ChainBreakDto | null): Walk => ({ checked: place - chain.prunedTo, firstBreak });
    for await (const row of this.store.sealed(chain._id)) {
      // The sealer may have gone on since the chain's ends were read.
      if (row.sequence !== undefined && row.sequence > chain.count) break;
      const problem = await this.problemOf(row, chain._id, place + 1, seal);
      if (problem !== null) return walked(problem);
      place += 1;
      seal = row.seal ?? '';
    }
    if (place < chain.count) return walked(breakAt(place + 1, 'truncated'));
    if (seal !== chain.seal) return walked(breakAt(chain.count, 'head'));
    return walked((await this.beyondHead(chain)) ?? (await this.outside(chain)));
  }

  /** What is wrong with a record that stands where the one with this number should, after the record with this seal. */
  private async problemOf(
    row: AuditRow,
    owner: AuditOwner,
    expected: number,
    previous: string,
  ): Promise<ChainBreakDto | null> {
    if (row.sequence !== expected) {
      const isGap = typeof row.sequence === 'number' && row.sequence > expected;
      return isGap ? breakAt(expected, 'missing') : breakAt(row.sequence ?? null, 'added', row);
    }
    if (sealOf(previous, row) === row.seal) return null;
    return breakAt(
      expected,
      (await this.standsFurtherOn(row, owner, expected, previous)) ? 'reordered' : 'changed',
      row,
    );
  }

  /** Whether the content that was sealed in this place is found under a later number. */
  private async standsFurtherOn(
    row: AuditRow,
    owner: AuditOwner,
    expected: number,
    previous: string,
  ): Promise<boolean> {
    let left = searchDepth;
    for await (const later of this.store.sealed(owner, expected + 1)) {
      const seal = sealOf(previous, later);
      if (seal === later.seal || seal === row.seal) return true;
      left -= 1;
      if (left === 0) return false;
    }
    return false;
  }

  /** A numbered record that the end of the chain does not know of: the end was set back or deleted, or the record made up. */
  private async beyondHead({ _id: owner, count }: AuditChainRow): Promise<ChainBreakDto | null> {
    for await (const row of this.store.sealed(owner, count + 1)) {
      // Read after the record: the sealer writes both at once, so what it wrote is known by now.
      const { count: now } = await this.store.chain(owner);
      const sequence = row.sequence ?? null;
      return sequence !== null && sequence <= now ? null : breakAt(sequence, 'head', row);
    }
    return null;
  }

  private async outside({ _id: owner }: AuditChainRow): Promise<ChainBreakDto | null> {
    const row = await this.store.outsider(owner);
    return row === null ? null : breakAt(null, 'added', row);
  }
}
