import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { CastellanError, Conflict, NotFound, ValidationFailed, type FieldError } from '@castellan/dto';
import { CertificateVault } from '@castellan/keys';
import { Clock, LOGGER, type Logger } from '@castellan/observability';
import {
  CertificateStore,
  ChoreStore,
  DuplicateKey,
  newObjectId,
  type CertificateRow,
  type Change,
  type ChangeContext,
  type Draft,
  type OrganisationId,
  type Page,
  type Place,
  type UnitOfWork,
} from '@castellan/persistence';
import { keyIsReadable, type Bundle } from '@castellan/tyk';
import { RedisChanges } from '../chores/redis-changes';
import { isOutage } from '../http/outage';
import type { Precondition } from '../http/precondition';
import type { Asker } from '../ownership/sights';
import { ResourceTools } from '../resources/resource-tools';
import { certificateDraft, foundDraft, textOf } from './certificate-content';
import { CertificateUserFinder, type CertificateUsers } from './certificate-users';

/** Which certificates of a list. */
export interface CertificateFilter {
  readonly hasPrivate?: boolean;
  /** Those that end before then. */
  readonly endsBefore?: Date;
}

/** As many as an organisation may have. */
const mostCertificates = 10_000;

/** Found in one go, so that a list with many new ones answers soon. */
const mostFound = 500;

const fingerprint = /^[0-9a-f]{64}$/;

/** Certificates of one organisation. */
@Injectable()
export class CertificatesService {
  constructor(
    private readonly tools: ResourceTools,
    private readonly certificates: CertificateStore,
    private readonly chores: ChoreStore,
    private readonly vault: CertificateVault,
    private readonly changes: RedisChanges,
    private readonly users: CertificateUserFinder,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: ApiConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    tools.stores.add(certificates);
  }

  get pageSize(): number {
    return this.config.pageSize;
  }

  /** @throws ValidationFailed, Conflict when the organisation has it already, Unavailable when nodes' Redis is */
  async add(context: ChangeContext, bundle: Bundle): Promise<CertificateRow> {
    const draft = this.draft(context, bundle);
    const { committed } = await this.changes.doing(this.inserting(draft), (work) =>
      this.tools.commit(context, work, explained(draft)),
    );
    return committed;
  }

  /** What an upload would change, with everything checked and nothing written. @throws what {@link add} throws but for Redis */
  async dryRun(context: ChangeContext, bundle: Bundle): Promise<readonly Change[]> {
    const draft = this.draft(context, bundle);
    const { changes } = await this.tools.dryRun(context, this.inserting(draft), explained(draft));
    return changes;
  }

  private draft({ organisation }: ChangeContext, bundle: Bundle): Draft<CertificateRow> {
    const { certificateSecret } = this.config;
    const hasKey = bundle.form === 'certificate' && bundle.key !== null;
    if (hasKey && certificateSecret === '') {
      throw new Conflict('not_configured', 'Private keys are encrypted: set CASTELLAN_CERTIFICATE_SECRET');
    }
    return certificateDraft(newObjectId(), organisation, bundle, textOf(bundle, certificateSecret));
  }

  /**
   * Deletes a certificate that nothing uses. It stays in Redis until every gateway runs a configuration without it.
   *
   * @returns why it is still there; null when it is not
   * @throws NotFound, Conflict while something uses it, VersionMismatch
   */
  async remove(context: ChangeContext, id: string, precondition: Precondition): Promise<string | null> {
    const { brought } = await this.changes.doing(
      (unit) => this.removeUnused(unit, context, id, precondition),
      (work) => this.tools.commit(context, work),
    );
    return brought;
  }

  private inserting(draft: Draft<CertificateRow>): (unit: UnitOfWork) => Promise<CertificateRow> {
    return async (unit) => {
      await unit.rules();
      const said = `An organisation may hold ${mostCertificates} certificates`;
      unit.limit('certificate', {
        most: mostCertificates,
        refuse: () => new CastellanError(400, 'limit_reached', said),
      });
      const existing = await this.certificates.byCertificateId(unit.organisation, draft.certificateId, unit.session);
      if (existing !== null) throw taken(draft.certificateId);
      return this.certificates.insert(unit, draft);
    };
  }

  private async removeUnused(unit: UnitOfWork, asker: Asker, id: string, precondition: Precondition): Promise<void> {
    const found = await this.find(unit.organisation, id, unit);
    const current = await unit.require(found, () => missing('Could not delete certificate.'), precondition);
    const all = await this.users.of(unit.organisation, current.certificateId, unit.session);
    const seen = await this.users.seenBy(asker, all);
    const uses = [
      ...usesOf(seen),
      ...(seen.isAll ? [] : [{ path: 'apis', message: 'something that is not yours uses it' }]),
    ];
    if (uses.length > 0) {
      const said = 'The certificate is still in use; take it out of the APIs and delete the keys first';
      throw new Conflict('in_use', said, { errors: uses });
    }
    await this.certificates.remove(unit, current);
  }

  /** @throws NotFound */
  async require(organisation: OrganisationId, id: string, said?: string): Promise<CertificateRow> {
    const found = await this.find(organisation, id);
    if (found !== null) return found;
    await this.adopt(organisation);
    const adopted = await this.find(organisation, id);
    if (adopted === null) throw missing(said);
    return adopted;
  }

  /** The certificate that a body names to take the place of another one. @throws ValidationFailed where there is none */
  async renewal(organisation: OrganisationId, id: string): Promise<CertificateRow> {
    try {
      return await this.require(organisation, id);
    } catch (error) {
      if (!(error instanceof NotFound)) throw error;
      throw new ValidationFailed([{ path: 'to', message: 'names no certificate of the organisation' }]);
    }
  }

  /** The oldest first, as nodes list them. */
  async page(organisation: OrganisationId, filter: CertificateFilter, place: Place): Promise<Page<CertificateRow>> {
    const { hasPrivate, endsBefore } = filter;
    const read = (): Promise<Page<CertificateRow>> =>
      this.certificates.page(organisation, {
        filter: {
          ...(hasPrivate === undefined ? {} : { hasPrivate }),
          ...(endsBefore === undefined ? {} : { notAfter: { $ne: null, $lte: endsBefore } }),
        },
        sort: endsBefore === undefined ? { createdAt: 1, _id: 1 } : { notAfter: 1, _id: 1 },
        place,
        pageSize: this.config.pageSize,
        without: ['text'],
      });
    const [page, isMore] = await Promise.all([read(), this.adopt(organisation)]);
    return isMore ? read() : page;
  }

  /** As far as the asker sees them. */
  async usersOf(asker: Asker, { certificateId }: CertificateRow): Promise<CertificateUsers> {
    return this.users.seenBy(asker, await this.users.of(asker.organisation, certificateId));
  }

  /** Whether nodes that have our secret can read the private key; null when there is none, or no secret to compare with. */
  keyIsReadable({ text }: CertificateRow): boolean | null {
    return keyIsReadable(text, this.config.certificateSecret);
  }

  /** Deleted certificates that gateways may still need, with the reason why each is still in Redis. */
  async leaving(organisation: OrganisationId): Promise<readonly { readonly id: string; readonly reason: string }[]> {
    const rows = await this.chores.ofOrganisation(organisation, 'certificate.remove', mostFound);
    return rows.map(({ about: [id = ''], reason }) => ({ id, reason }));
  }

  /** @param id with the organisation before the fingerprint or without it, in upper case or in lower */
  private find(organisation: OrganisationId, id: string, unit?: UnitOfWork): Promise<CertificateRow | null> {
    const text = id.toLowerCase();
    const certificateId = fingerprint.test(text) ? `${organisation}${text}` : text;
    return this.certificates.byCertificateId(organisation, certificateId, unit?.session ?? null);
  }

  /**
   * Notes certificates that nodes were given by their own API. While Redis is away, what is known has to do.
   *
   * @returns whether there was one that was not known
   */
  private async adopt(organisation: OrganisationId): Promise<boolean> {
    try {
      const [listed, ids] = await Promise.all([this.vault.listed(organisation), this.certificates.idsOf(organisation)]);
      const known = new Set(ids);
      const unknown = listed.filter((id) => id.startsWith(organisation) && !known.has(id)).slice(0, mostFound);
      for (const id of unknown) await this.adoptOne(organisation, id);
      return unknown.length > 0;
    } catch (error) {
      if (!isOutage(error)) throw error;
      this.logger.warn({ err: error }, 'The Redis of the nodes cannot be asked for certificates');
      return false;
    }
  }

  private async adoptOne(organisation: OrganisationId, id: string): Promise<void> {
    if ((await this.chores.about('certificate.remove', [id])) !== null) return;
    const text = await this.vault.read(id);
    const draft = text === null ? null : foundDraft(newObjectId(), organisation, id, text);
    if (draft !== null) await this.certificates.adopt(organisation, draft, this.clock.now());
  }
}

/** In the words of the original. */
const missing = (
  said = 'Could not retrieve certificate details. Certificate with given SHA256 fingerprint not found.',
): NotFound => new NotFound(said);

const taken = (id: string): Conflict =>
  new Conflict('id_conflict', `Could not create certificate.Certificate with ${id} ID already exists.`);

const explained =
  ({ certificateId }: Draft<CertificateRow>) =>
  (error: unknown): unknown =>
    error instanceof DuplicateKey ? taken(certificateId) : error;

const usesOf = ({ apis, keys }: CertificateUsers): FieldError[] => [
  ...apis.map(({ row, usages }) => ({
    path: `apis.${row.apiId}`,
    message: `${row.name} uses it (${usages.join(', ')})`,
  })),
  ...keys.map(({ hash, alias }) => ({ path: `keys.${hash}`, message: `the key ${alias || hash} is bound to it` })),
];
