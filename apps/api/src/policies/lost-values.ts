import { Injectable } from '@nestjs/common';
import { ChoreStore, type PolicyRow, type UnitOfWork } from '@castellan/persistence';
import {
  flagAt,
  grantsRights,
  isJsonObject,
  listAt,
  lostValues,
  objectAt,
  parseJson,
  type JsonValue,
} from '@castellan/tyk';

/** What policies that keys name by one of these ids have said and say no more. */
export interface LostOfPolicy {
  readonly ids: readonly string[];
  /** Tags and meta data, as digests. */
  readonly lost: readonly string[];
  /** Whether they granted rights, and do so no more. */
  readonly rights: boolean;
}

/** More values than that are not taken out of the sessions of one organisation at a time; the oldest ones stay there. */
const mostLost = 20_000;

const job = 'traces.remove';

/** What policies have lost and sessions have yet, as the chore that takes it out of them says it. */
export const readLost = (text: string): readonly LostOfPolicy[] => {
  const texts = (value: JsonValue, name: string): string[] =>
    listAt(value, name).filter((one) => typeof one === 'string');
  const entries: JsonValue = text === '' ? [] : parseJson(text);
  return (Array.isArray(entries) ? entries : [])
    .filter(isJsonObject)
    .map((entry) => ({ ids: texts(entry, 'ids'), lost: texts(entry, 'lost'), rights: flagAt(entry, 'rights') }));
};

/** Notes what policies say no more, so that it is taken out of the sessions that have it of them. */
@Injectable()
export class LostValues {
  constructor(private readonly chores: ChoreStore) {}

  /**
   * One chore for all policies of an organisation, since each has to look at all sessions.
   *
   * @param after null when the policy is deleted
   */
  async note(unit: UnitOfWork, before: PolicyRow, after: PolicyRow | null): Promise<void> {
    const [was, is] = [documentOf(before), after === null ? null : documentOf(after)];
    const lost = lostValues(was, is);
    const grants = is !== null && grantsRights(is) && before.policyId === after?.policyId;
    const rights = grantsRights(was) && !grants;
    if (lost.length === 0 && !rights) return;
    const about = [unit.organisation];
    const left = unit.left.find((chore) => chore.job === job) ?? (await this.chores.about(job, about, unit.session));
    const ids = [...new Set([before.policyId, before._id.toString(), after?.policyId ?? before.policyId])];
    unit.leave({ job, about, text: JSON.stringify(newest([...readLost(left?.text ?? ''), { ids, lost, rights }])) });
  }
}

const documentOf = ({ document }: PolicyRow) => objectAt(parseJson(document));

/** The last of them, as many as may be. */
const newest = (entries: readonly LostOfPolicy[]): readonly LostOfPolicy[] => {
  let room = mostLost;
  const kept: LostOfPolicy[] = [];
  for (const { ids, lost, rights } of entries.toReversed()) {
    if (room <= 0) break;
    kept.unshift({ ids, lost: lost.slice(0, room), rights });
    room -= lost.length + (rights ? 1 : 0);
  }
  return kept;
};
