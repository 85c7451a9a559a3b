import { listAt, textAt } from '../json/read';
import type { Session } from './session';

/** A certificate that a session names. */
export interface SessionCertificate {
  readonly id: string;
  /** Where it stands, such as `mtls_static_certificate_bindings[0]`. */
  readonly path: string;
}

/**
 * Every certificate or public key that a session names: the one that opens the key, those that have to come with its token, and the
 * one that signatures of its requests are checked with.
 */
export function certificatesOf(session: Session): readonly SessionCertificate[] {
  const single = ['certificate', 'rsa_certificate_id'].map((path) => ({ id: textAt(session, path), path }));
  const bindings = listAt(session, 'mtls_static_certificate_bindings').flatMap((id, at) =>
    typeof id === 'string' ? [{ id, path: `mtls_static_certificate_bindings[${at}]` }] : [],
  );
  return [...single.filter(({ id }) => id !== ''), ...bindings];
}
