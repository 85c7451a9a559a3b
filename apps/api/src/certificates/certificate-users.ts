import { Injectable } from '@nestjs/common';
import type { ClientSession } from 'mongoose';
import { ApiStore, KeyIndex, type ApiRow, type KeyRow, type OrganisationId } from '@castellan/persistence';
import { certificateUses, type CertificateUsage } from '@castellan/tyk';
import { Sights, type Asker } from '../ownership/sights';
import { definitionOf, storedWrapper } from '../apis/wrapper';

/** An API that names a certificate, and what for. */
export interface UsingApi {
  readonly row: ApiRow;
  readonly usages: readonly CertificateUsage[];
}

/** Who uses a certificate. */
export interface CertificateUsers {
  readonly apis: readonly UsingApi[];
  readonly keys: readonly KeyRow[];
}

/** As much of that as somebody sees, and whether there is more. */
export interface SeenUsers extends CertificateUsers {
  readonly isAll: boolean;
}

/** More keys than that are not named one by one. */
const mostKeys = 1_000;

/** Finds what names a certificate. */
@Injectable()
export class CertificateUserFinder {
  constructor(
    private readonly apis: ApiStore,
    private readonly keys: KeyIndex,
    private readonly sights: Sights,
  ) {}

  /** @param but only keys that do not name this one as well */
  async of(
    organisation: OrganisationId,
    id: string,
    session: ClientSession | null = null,
    but?: string,
  ): Promise<CertificateUsers> {
    const filter = { namesCertificate: id, ...(but === undefined ? {} : { lacksCertificate: but }) };
    const [apis, { rows }] = await Promise.all([
      this.usingApis(organisation, id, session),
      this.keys.page(organisation, filter, { page: 1 }, mostKeys),
    ]);
    return { apis, keys: rows };
  }

  async seenBy(asker: Asker, { apis, keys }: CertificateUsers): Promise<SeenUsers> {
    const sight = await this.sights.of(asker);
    if (sight === null) return { apis, keys, isAll: true };
    const seenApis = apis.filter(({ row }) => sight.seesApi(row));
    const seen = await Promise.all(keys.map((row) => this.sights.seesKey(asker, row)));
    const seenKeys = keys.filter((_, index) => seen[index]);
    const isAll = seenApis.length === apis.length && seenKeys.length === keys.length;
    return { apis: seenApis, keys: seenKeys, isAll };
  }

  private async usingApis(
    organisation: OrganisationId,
    id: string,
    session: ClientSession | null,
  ): Promise<UsingApi[]> {
    // Ids are of hex digits alone, and so mean themselves in a pattern.
    const rows = await this.apis.findAll(organisation, { document: { $regex: id } }, session);
    return rows.flatMap((row) => {
      const uses = certificateUses(definitionOf(storedWrapper(row))).filter((use) => use.id === id);
      const usages = [...new Set(uses.map(({ usage }) => usage))];
      return usages.length === 0 ? [] : [{ row, usages }];
    });
  }
}
