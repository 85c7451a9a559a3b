import { Injectable } from '@nestjs/common';
import { Conflict, Forbidden } from '@castellan/dto';
import type { CertificateRow } from '@castellan/persistence';
import { allows, type Section } from '@castellan/rbac';
import { objectAt, withoutCertificate } from '@castellan/tyk';
import { ApisService } from '../apis/apis.service';
import { Precondition } from '../http/precondition';
import type { OrganisationContext } from '../http/request-context';
import { KeyFinder } from '../keys/key-finder';
import { KeysService } from '../keys/keys.service';
import { CertificateUserFinder, type CertificateUsers } from './certificate-users';

/** Whatever the version is: the caller asks for an end of all uses, however they came about. */
const anyVersion = Precondition.fromHeader('*');

/** Ends all uses of a certificate. */
@Injectable()
export class CertificateDependencies {
  constructor(
    private readonly users: CertificateUserFinder,
    private readonly apis: ApisService,
    private readonly finder: KeyFinder,
    private readonly keys: KeysService,
  ) {}

  /**
   * What uses a certificate, for whoever is going to change it.
   *
   * @param but of keys, only those that do not name this one as well
   * @throws Forbidden unless they may, Conflict when it is not theirs
   */
  async changeable(
    context: OrganisationContext,
    { certificateId: id }: CertificateRow,
    but?: string,
  ): Promise<CertificateUsers> {
    const all = await this.users.of(context.organisation, id, null, but);
    const { apis, keys, isAll } = await this.users.seenBy(context, all);
    if (!isAll) throw new Conflict('in_use', 'Something that is not yours uses the certificate');
    const needed: Section[] = [
      ...(apis.length > 0 ? ['apis' as const] : []),
      ...(keys.length > 0 ? ['keys' as const] : []),
    ];
    for (const section of needed) {
      if (!allows(context.user.grants, section, 'write')) throw new Forbidden(context.request.path);
    }
    return { apis, keys };
  }

  /** @throws Forbidden unless the caller may change what uses it */
  async remove(context: OrganisationContext, certificate: CertificateRow): Promise<void> {
    const { apis, keys } = await this.changeable(context, certificate);
    const { certificateId: id } = certificate;
    for (const { row } of apis) {
      await this.apis.change(context, row._id.toString(), anyVersion, (wrapper) =>
        objectAt(withoutCertificate(wrapper, id)),
      );
    }
    for (const row of keys) await this.keys.remove(context, await this.finder.withSession(row), anyVersion);
  }
}
