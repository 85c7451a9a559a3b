import { createHmac } from 'node:crypto';
import { contentDigest, objectAt, ownField, textAt, type JsonObject, type Session } from '@castellan/tyk';

/** Counters and times that nodes and clocks write; nobody has changed them. */
const UNTOLD = ['last_updated', 'quota_renews', 'quota_remaining', 'last_check', 'allowance'];

/** What history is told of a key: the session, with a mark in the place of each secret that changes when the secret does. */
export interface KeyCard {
  readonly text: string;
  readonly digest: string;
}

/** @param secret makes the marks of no use to who does not know it */
export function keyCard(session: Session, secret: string): KeyCard {
  const mark = (value: string): string =>
    value === '' ? '' : createHmac('sha256', secret).update(value).digest('hex').slice(0, 16);
  const marked = (name: string, field: string): JsonObject => {
    const data = objectAt(session, name);
    return ownField(session, name) === undefined ? {} : { [name]: { ...data, [field]: mark(textAt(data, field)) } };
  };
  const told = Object.fromEntries(Object.entries(session).filter(([name]) => !UNTOLD.includes(name)));
  const card: JsonObject = {
    ...told,
    ...marked('basic_auth_data', 'password'),
    ...marked('jwt_data', 'secret'),
    ...(ownField(session, 'hmac_string') === undefined ? {} : { hmac_string: mark(textAt(session, 'hmac_string')) }),
  };
  return { text: JSON.stringify(card), digest: contentDigest(card) };
}
