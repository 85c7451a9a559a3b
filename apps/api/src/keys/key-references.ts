import type {
  ApiRow,
  ApiStore,
  CertificateStore,
  OrganisationId,
  PolicyRow,
  PolicyStore,
} from '@castellan/persistence';
import {
  certificatesOf,
  objectAt,
  parseJson,
  policiesOf,
  type AppliedPolicy,
  type JsonObject,
  type Session,
} from '@castellan/tyk';
import type { FieldError } from '@castellan/dto';
import { definitionOf, storedWrapper } from '../apis/wrapper';

/** A row, with what its document says. */
interface Known<Row> {
  readonly row: Row;
  readonly content: JsonObject;
}

export interface ReferenceStores {
  readonly apis: ApiStore;
  readonly policies: PolicyStore;
  readonly certificates: CertificateStore;
}

/** What keys of one request name, looked up and read once: a thousand keys that are changed together mostly name the same. */
export class KeyReferences {
  private readonly policiesById = new Map<string, Promise<Known<PolicyRow> | null>>();
  private readonly apisById = new Map<string, Known<ApiRow> | null>();
  private readonly certificateIds = new Map<string, boolean>();

  constructor(
    private readonly organisation: OrganisationId,
    private readonly stores: ReferenceStores,
  ) {}

  policy(id: string): Promise<Known<PolicyRow> | null> {
    const found = this.policiesById.get(id) ?? this.findPolicy(id);
    this.policiesById.set(id, found);
    return found;
  }

  /** Those that a session applies and that there are, in its order. @param session as callers see it */
  async applied(session: Session): Promise<readonly AppliedPolicy[]> {
    const found = await Promise.all(policiesOf(session).map((id) => this.policy(id)));
    return found.flatMap((one) => (one === null ? [] : [{ id: one.row.policyId, policy: one.content }]));
  }

  /** Those of the APIs that there are. */
  async apis(ids: readonly string[]): Promise<readonly Known<ApiRow>[]> {
    const unknown = ids.filter((id) => !this.apisById.has(id));
    if (unknown.length > 0) {
      const rows = await this.stores.apis.findAll(this.organisation, { apiId: { $in: unknown } });
      for (const id of unknown) this.apisById.set(id, null);
      for (const row of rows) this.apisById.set(row.apiId, { row, content: definitionOf(storedWrapper(row)) });
    }
    return ids.map((id) => this.apisById.get(id) ?? null).filter((one) => one !== null);
  }

  /**
   * What is wrong with the certificates that a session names. Gateways take what they do not find for the name of a file on their
   * disk; what the key named before it keeps.
   */
  async unknownCertificates(session: Session, before: Session | null): Promise<readonly FieldError[]> {
    const kept = new Set((before === null ? [] : certificatesOf(before)).map(({ id }) => id));
    const named = certificatesOf(session).filter(({ id }) => !kept.has(id));
    const unknown = [...new Set(named.map(({ id }) => id))].filter((id) => !this.certificateIds.has(id));
    if (unknown.length > 0) {
      const rows = await this.stores.certificates.named(this.organisation, unknown, null);
      const there = new Set(rows.map(({ certificateId }) => certificateId));
      for (const id of unknown) this.certificateIds.set(id, there.has(id));
    }
    return named.flatMap(({ id, path }) =>
      this.certificateIds.get(id) === true ? [] : [{ path, message: 'names no certificate of the organisation' }],
    );
  }

  private async findPolicy(id: string): Promise<Known<PolicyRow> | null> {
    const row = await this.stores.policies.byEitherId(this.organisation, id, null);
    return row === null ? null : { row, content: objectAt(parseJson(row.document)) };
  }
}
