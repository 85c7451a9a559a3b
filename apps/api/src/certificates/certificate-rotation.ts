import { Injectable } from '@nestjs/common';
import { Forbidden, ValidationFailed } from '@castellan/dto';
import { KeyIndex, type CertificateRow, type KeyRow } from '@castellan/persistence';
import { allows } from '@castellan/rbac';
import { listAt, objectAt, textAt, withCertificate, withoutCertificate, type JsonObject } from '@castellan/tyk';
import { ApisService } from '../apis/apis.service';
import { Precondition } from '../http/precondition';
import type { OrganisationContext } from '../http/request-context';
import { KeyFinder } from '../keys/key-finder';
import { KeyRotation } from '../keys/key-rotation';
import { KeysService } from '../keys/keys.service';
import { CertificateDependencies } from './certificate-dependencies';

/** Whatever the version is: each step is done from what it finds, and does nothing where it was done. */
const anyVersion = Precondition.fromHeader('*');

const bindings = 'mtls_static_certificate_bindings';

/** What a rotation has reached. */
export interface RotatedUses {
  /** Ids of the APIs that name the new certificate now. */
  readonly apis: readonly string[];
  /** Hashes of the keys that go on with it. */
  readonly keys: readonly string[];
}

/** Puts a certificate's renewal in its place, so that at no moment neither of them is good. */
@Injectable()
export class CertificateRotation {
  constructor(
    private readonly dependencies: CertificateDependencies,
    private readonly apis: ApisService,
    private readonly index: KeyIndex,
    private readonly finder: KeyFinder,
    private readonly keys: KeysService,
    private readonly rotation: KeyRotation,
  ) {}

  /**
   * Has everything that uses one certificate use another one. What names several gets the new one before the old one; what names
   * one, such as an upstream, has the new one. A key that is bound to the old one gets a twin with its rights and what is left of its
   * quota. Done again it does what is left to do.
   *
   * @param ends whether the old one is taken away at the same time, or stays good until another call says so
   * @throws Forbidden unless the caller may change what uses it, Conflict when something is not theirs; ValidationFailed when the new
   *   one does not fit somewhere
   */
  async rotate(
    context: OrganisationContext,
    from: CertificateRow,
    to: CertificateRow,
    ends: boolean,
  ): Promise<RotatedUses> {
    if (from.certificateId === to.certificateId)
      throw new ValidationFailed([{ path: 'to', message: 'must name another certificate' }]);
    const { apis, keys } = await this.dependencies.changeable(context, from);
    // Who creates nothing else may not create a key by this either.
    if (keys.length > 0 && !allows(context.user.grants, 'keys', 'write')) throw new Forbidden(context.request.path);
    const twins: string[] = [];
    for (const row of keys) twins.push(await this.rotateKey(context, row, { from, to, ends }));
    for (const { row } of apis) {
      await this.apis.change(context, row._id.toString(), anyVersion, (wrapper) => {
        const both = objectAt(withCertificate(wrapper, from.certificateId, to.certificateId));
        return ends ? objectAt(withoutCertificate(both, from.certificateId)) : both;
      });
    }
    return { apis: apis.map(({ row }) => row.apiId), keys: twins };
  }

  private async rotateKey(
    context: OrganisationContext,
    row: KeyRow,
    { from, to, ends }: { readonly from: CertificateRow; readonly to: CertificateRow; readonly ends: boolean },
  ): Promise<string> {
    const found = await this.finder.withSession(row);
    if (row.certificate !== from.certificateId) {
      const body = renamed(found.session, from.certificateId, to.certificateId, ends);
      await this.keys.update(context, found, body, { demand: anyVersion, resetsQuota: false });
      return row.hash;
    }
    const { rows } = await this.index.page(context.organisation, { certificate: to.certificateId }, { page: 1 }, 10);
    const twin = rows.find(({ certificate }) => certificate === to.certificateId);
    const hash = twin?.hash ?? (await this.rotation.rebind(context, found, to.certificateId)).hash;
    if (ends) await this.keys.remove(context, found, anyVersion);
    return hash;
  }
}

/** What of a session changes that names a certificate beside its token. */
function renamed(session: JsonObject, from: string, to: string, ends: boolean): JsonObject {
  const listed = withCertificate(listAt(session, bindings), from, to);
  return {
    ...(listAt(session, bindings).includes(from)
      ? { [bindings]: ends ? withoutCertificate(listed, from) : listed }
      : {}),
    // It checks signatures with one alone.
    ...(textAt(session, 'rsa_certificate_id') === from ? { rsa_certificate_id: to } : {}),
  };
}
