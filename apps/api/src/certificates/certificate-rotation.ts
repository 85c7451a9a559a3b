import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { Conflict, ValidationFailed, VersionMismatch, type FieldError } from '@castellan/dto';
import { Clock } from '@castellan/observability';
import { KeyIndex, type CertificateRow, type KeyRow } from '@castellan/persistence';
import {
  contentDigest,
  listAt,
  objectAt,
  textAt,
  withCertificate,
  withoutCertificate,
  type JsonObject,
} from '@castellan/tyk';
import { ApisService } from '../apis/apis.service';
import { requireCertificates } from '../apis/certificate-references';
import { definitionOf, storedWrapper } from '../apis/wrapper';
import { Precondition } from '../http/precondition';
import type { OrganisationContext } from '../http/request-context';
import { KeyFinder } from '../keys/key-finder';
import { KeyRotation } from '../keys/key-rotation';
import { KeysService } from '../keys/keys.service';
import { CertificateDependencies } from './certificate-dependencies';
import type { UsingApi } from './certificate-users';

/** Whatever the version is: each step is done from what it finds, and does nothing where it was done. */
const anyVersion = Precondition.fromHeader('*');

const bindings = 'mtls_static_certificate_bindings';

/** So often a key is tried that others change at the same moment. */
const tries = 3;

/** What a rotation is of. */
interface Renewal {
  readonly from: CertificateRow;
  readonly to: CertificateRow;
  /** Whether the old one is taken away at the same time, or stays good until another call says so. */
  readonly ends: boolean;
}

/** What a call has changed. */
export interface RotatedUses {
  /** Ids of APIs. */
  readonly apis: readonly string[];
  /** Hashes of the keys that go on with the new certificate. */
  readonly keys: readonly string[];
  /** Whether nothing is left to do. */
  readonly complete: boolean;
}

/** Puts a certificate's renewal in its place, so that at no moment neither of them is good. */
@Injectable()
export class CertificateRotation {
  /** APIs and keys that one call changes, since each is a write of its own; the next call does the next ones. */
  readonly mostChanged = 500;

  constructor(
    private readonly dependencies: CertificateDependencies,
    private readonly apis: ApisService,
    private readonly index: KeyIndex,
    private readonly finder: KeyFinder,
    private readonly keys: KeysService,
    private readonly rotation: KeyRotation,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {}

  /**
   * Has everything that uses one certificate use another one. What names several gets the new one before the old one; what names
   * one, such as an upstream, has the new one. A key that is bound to the old one gets a twin with its rights and what is left of its
   * quota. What can be seen to stand in the way is found before anything is changed; done again it does what is left to do.
   *
   * @throws Forbidden unless the caller may change what uses it, Conflict when something is not theirs, or another key is bound to the
   *   new one; ValidationFailed when the new one does not fit somewhere
   */
  async rotate(context: OrganisationContext, renewal: Renewal): Promise<RotatedUses> {
    const { from, to, ends } = renewal;
    if (from.certificateId === to.certificateId) refuse('must name another certificate');
    if (to.notAfter !== null && to.notAfter <= this.clock.now()) refuse('has expired');
    const users = await this.dependencies.changeable(context, from, ends ? undefined : to.certificateId);
    const apis = users.apis.filter(({ row }) => isChanged(storedWrapper(row), renewal));
    await this.requireFit(apis, renewal);
    const twin = await this.twin(context, users.keys, renewal);
    // A twin is all that the old one gets: its own binding stays.
    const keys = users.keys.filter(({ certificate }) => ends || twin === null || certificate !== from.certificateId);
    const hashes: string[] = [];
    for (const row of keys.slice(0, this.mostChanged)) hashes.push(await this.rotateKey(context, row, renewal, twin));
    const changed = apis.slice(0, Math.max(0, this.mostChanged - keys.length));
    for (const { row } of changed) {
      await this.apis.change(context, row._id.toString(), anyVersion, (wrapper) => renewed(wrapper, renewal));
    }
    const complete = keys.length + apis.length <= this.mostChanged;
    return { apis: changed.map(({ row }) => row.apiId), keys: hashes, complete };
  }

  /** Where the new one cannot stand, nothing is changed: neither a key that was first, nor another API. */
  private async requireFit(apis: readonly UsingApi[], renewal: Renewal): Promise<void> {
    const problems: FieldError[] = [];
    for (const { row } of apis) {
      const wrapper = storedWrapper(row);
      const [before, after] = [definitionOf(wrapper), definitionOf(renewed(wrapper, renewal))];
      const find = (): Promise<CertificateRow[]> => Promise.resolve([renewal.to]);
      try {
        await requireCertificates(after, before, find, this.config.certificateSecret);
      } catch (error) {
        if (!(error instanceof ValidationFailed)) throw error;
        problems.push(...error.errors.map(({ message }) => ({ path: 'to', message: `${message} (${row.name})` })));
      }
    }
    if (problems.length > 0) throw new ValidationFailed(problems);
  }

  /**
   * The key that is bound to the new certificate already; null when none is.
   *
   * @throws Conflict when it is no twin of what is bound to the old one: with that, its rights would be gone
   */
  private async twin(
    { organisation }: OrganisationContext,
    keys: readonly KeyRow[],
    { from, to }: Renewal,
  ): Promise<KeyRow | null> {
    const { rows } = await this.index.page(organisation, { certificate: to.certificateId }, { page: 1 }, 10);
    const bound = rows.find(({ certificate }) => certificate === to.certificateId);
    if (bound === undefined) return null;
    const unlike = keys.filter((row) => row.certificate === from.certificateId && whatOpens(row) !== whatOpens(bound));
    if (unlike.length === 0) return bound;
    const path = `keys.${bound.hash}`;
    const errors = unlike.map(({ hash }) => ({ path, message: `does not open what the key ${hash} opens` }));
    throw new Conflict('in_use', 'Another key is bound to the new certificate already', { errors });
  }

  /** @returns the hash of the key that goes on with the new certificate */
  private async rotateKey(
    context: OrganisationContext,
    row: KeyRow,
    renewal: Renewal,
    twin: KeyRow | null,
  ): Promise<string> {
    for (let tried = 1; ; tried += 1) {
      try {
        return await this.tryKey(context, (await this.index.current(row._id)) ?? row, renewal, twin);
      } catch (error) {
        if (error instanceof ValidationFailed) throw ofKey(row, error);
        // Somebody else has changed it since it was read.
        if (!(error instanceof VersionMismatch) || tried === tries) throw error;
      }
    }
  }

  private async tryKey(
    context: OrganisationContext,
    row: KeyRow,
    { from, to, ends }: Renewal,
    twin: KeyRow | null,
  ): Promise<string> {
    const found = await this.finder.withSession(row);
    // A key that is bound to it may name it once more beside its token: its twin would go on naming the old one.
    const body = renamed(found.session, from.certificateId, to.certificateId, ends);
    if (row.certificate !== from.certificateId) {
      await this.keys.update(context, found, body, { demand: anyVersion, resetsQuota: false });
      return row.hash;
    }
    const hash = twin?.hash ?? (await this.rotation.rebind(context, found, to.certificateId, body)).hash;
    if (ends) await this.keys.remove(context, found, anyVersion);
    return hash;
  }
}

const refuse = (message: string): never => {
  throw new ValidationFailed([{ path: 'to', message }]);
};

const ofKey = ({ hash }: KeyRow, { errors }: ValidationFailed): ValidationFailed =>
  new ValidationFailed(errors.map(({ path, message }) => ({ path: `keys.${hash}.${path}`, message })));

const renewed = (wrapper: JsonObject, { from, to, ends }: Renewal): JsonObject => {
  const both = objectAt(withCertificate(wrapper, from.certificateId, to.certificateId));
  return ends ? objectAt(withoutCertificate(both, from.certificateId)) : both;
};

const isChanged = (wrapper: JsonObject, renewal: Renewal): boolean =>
  contentDigest(renewed(wrapper, renewal)) !== contentDigest(wrapper);

/** What a key opens, as far as the index knows. */
const whatOpens = ({ apiIds, policyIds, inactive }: KeyRow): string =>
  JSON.stringify([[...apiIds].sort(), [...policyIds].sort(), inactive]);

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
