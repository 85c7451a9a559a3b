import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { LOGGER, type Logger } from '@castellan/observability';
import type { KeyRow } from '@castellan/persistence';
import {
  isJsonObject,
  listAt,
  objectAt,
  ownField,
  ownValues,
  parseJson,
  policiesOf,
  sessionForCallers,
  withoutPolicies,
  type JsonObject,
  type JsonValue,
  type OwnValues,
  type Session,
} from '@castellan/tyk';
import { Seal } from '../auth/sealed';

/** Characters of what one key says itself that are remembered; of a key with more, a policy's values go and nothing comes back. */
export const mostRemembered = 65_536;

/**
 * Remembers what keys say themselves beside their policies, whose values gateways write over theirs. It is encrypted in the row:
 * sessions are in Redis alone, and meta data may hold anything.
 */
@Injectable()
export class KeyOwnValues {
  private readonly seal: Seal;

  constructor(
    @Inject(CONFIG) { secretKey, nodeSecret }: ApiConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.seal = new Seal(secretKey === '' ? nodeSecret : secretKey, 'castellan own values of keys');
  }

  /** What a key says itself; null where that is not known. */
  of({ _id, own = '' }: Pick<KeyRow, '_id' | 'own'>): OwnValues | null {
    if (own === '') return null;
    try {
      return readValues(parseJson(this.seal.open(own, _id.toString())));
    } catch (error) {
      // The secret has changed since. A key that cannot be told what it said is still a key.
      this.logger.warn({ err: error, key: _id }, 'What a key says itself beside its policies cannot be read');
      return null;
    }
  }

  /**
   * The field of a row after a change.
   *
   * @param before the row and the session as they were; null for a new key
   */
  after(
    id: KeyRow['_id'],
    before: { readonly row: KeyRow; readonly session: Session } | null,
    is: Session,
  ): Pick<KeyRow, 'own'> {
    const known = before === null ? null : this.of(before.row);
    const isNoted = before?.row.own !== undefined;
    if (policiesOf(sessionForCallers(is)).length === 0) return isNoted ? { own: '' } : {};
    const own = this.sealed(id, ownValues(known, before === null ? null : before.session, is));
    return own !== '' || isNoted ? { own } : {};
  }

  /**
   * The field of a row whose key another installation has exported.
   *
   * @param said what that has noted of the key; undefined where it has noted nothing: then it is what none of its policies says
   */
  moved(
    id: KeyRow['_id'],
    is: Session,
    { said, policies }: { readonly said: JsonObject | undefined; readonly policies: readonly JsonObject[] },
  ): Required<Pick<KeyRow, 'own'>> {
    if (policiesOf(sessionForCallers(is)).length === 0) return { own: '' };
    const others = said ?? withoutPolicies(is, policies, { tags: [], meta_data: {}, limits: {} });
    return { own: this.sealed(id, said === undefined ? ownValues(null, null, others) : readValues(others)) };
  }

  /** Empty where there is nothing to remember, or too much. */
  private sealed(id: KeyRow['_id'], values: OwnValues): string {
    const text = JSON.stringify(values);
    const { tags, meta_data: meta, limits } = values;
    const isNothing = tags.length === 0 && Object.keys(meta).length === 0 && limits === undefined;
    return isNothing || text.length > mostRemembered ? '' : this.seal.seal(text, id.toString());
  }
}

function readValues(values: JsonValue): OwnValues {
  const tags = listAt(values, 'tags').filter((tag) => typeof tag === 'string');
  const limits = isJsonObject(values) ? ownField(values, 'limits') : undefined;
  const known = limits !== undefined && isJsonObject(limits) ? { limits } : {};
  return { tags, meta_data: objectAt(values, 'meta_data'), ...known };
}
