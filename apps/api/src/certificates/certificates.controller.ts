import { Body, Controller, Param, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { StatusReply } from '@castellan/dto';
import { Clock } from '@castellan/observability';
import { Requires } from '@castellan/rbac';
import { RawBody } from '../http/bodies/raw-body';
import { Form, type FormPart } from '../http/form-parts';
import { listParameters, pageCount, placeOf } from '../http/paging';
import { IfMatch, Precondition } from '../http/precondition';
import { integer, oneOf, presence } from '../http/query/parameter';
import { AskedFor, RouteQuery, type Asked } from '../http/query/query';
import { piece } from '../http/reply-headers';
import { OrganisationRequest, type OrganisationContext } from '../http/request-context';
import { Route } from '../http/route';
import { sendResource } from '../http/text-reply';
import { dryRunChanges, validating } from '../resources/dry-run';
import { certificateBasics } from './certificate-content';
import { CertificateDependencies } from './certificate-dependencies';
import { CertificateRotation } from './certificate-rotation';
import {
  CertificateDependenciesDto,
  CertificateDetailsDto,
  CertificateDto,
  CertificateListDto,
  CertificateReply,
  CertificateRotationDto,
  ExpiringCertificatesDto,
  exampleId,
  LeavingCertificatesDto,
  renewalId,
  RotatedCertificateDto,
  UsingApisDto,
} from './certificate.dto';
import { certificateView, dayMs, daysUntil, dependenciesOf, usingApisOf } from './certificate-view';
import { CertificatesService } from './certificates.service';
import { largestFile, mostFiles, readUpload } from './upload';

const detailsQuery = new RouteQuery(listParameters);
const listQuery = new RouteQuery({
  ...listParameters,
  mode: oneOf(['detailed'], { description: 'What is to be seen of each, instead of its id alone' }),
  filter: oneOf(['omit', 'with_pk', 'without_pk'], {
    description: 'Only certificates with their private key, or without it; `omit` means all',
  }),
  org_id: presence({ description: 'Gateways’ clients send it; the organisation is that of the user' }),
});
const expiringQuery = new RouteQuery({
  ...listParameters,
  days: integer({ description: 'End within so many days; 30 when it is left out', minimum: 0, maximum: 36_500 }),
});
const idParam = {
  name: 'id',
  description: 'Organisation and fingerprint, or the fingerprint alone',
  example: exampleId,
};

const uploadForm = {
  type: 'object' as const,
  required: ['file'],
  properties: {
    file: { type: 'string' as const, format: 'binary', description: 'PEM, DER or PKCS#12' },
    password: { type: 'string' as const, description: 'Opens PKCS#12 and encrypted private keys', example: 'secret' },
  },
};

const usualDays = 30;
const withPrivate = { omit: undefined, with_pk: true, without_pk: false } as const;

/** Certificates of an organisation (docs/tyk/certificates.md). */
@ApiTags('Certificates')
@Controller('api/certs')
export class CertificatesController {
  constructor(
    private readonly certificates: CertificatesService,
    private readonly dependencies: CertificateDependencies,
    private readonly rotation: CertificateRotation,
    private readonly clock: Clock,
  ) {}

  @Route.get('', {
    access: Requires('certs', 'read', 'List Certificates'),
    id: 'listCertificates',
    summary: 'Ids of certificates, the oldest first; with `mode=detailed` what is to be seen of each',
    reply: CertificateListDto,
    listed: true,
  })
  async list(
    @OrganisationRequest() { organisation }: OrganisationContext,
    @AskedFor(listQuery) query: Asked<typeof listQuery>,
  ): Promise<unknown> {
    const hasPrivate = withPrivate[query.filter ?? 'omit'];
    const place = placeOf(query);
    const filter = hasPrivate === undefined ? {} : { hasPrivate };
    const { rows, total, next } = await this.certificates.page(organisation, filter, place);
    const pages = pageCount(total, place, this.certificates.pageSize);
    if (query.mode === 'detailed') return piece(next, { cert_basics: rows.map(certificateBasics), pages });
    return piece(next, { certs: rows.map(({ certificateId }) => certificateId), pages });
  }

  @Route.get('details', {
    access: Requires('certs', 'read', 'List Certificate Details'),
    id: 'listCertificateDetails',
    summary: 'Certificates whole, the oldest first',
    reply: CertificateDetailsDto,
    listed: true,
  })
  async details(
    @OrganisationRequest() { organisation }: OrganisationContext,
    @AskedFor(detailsQuery) query: Asked<typeof detailsQuery>,
  ): Promise<unknown> {
    const place = placeOf(query);
    const { rows, total, next } = await this.certificates.page(organisation, {}, place);
    const certificates = rows.map((row) => certificateView(row, this.clock.now()));
    return piece(next, { certificates, pages: pageCount(total, place, this.certificates.pageSize) });
  }

  @Route.get('expiring', {
    access: Requires('certs', 'read', 'List Expiring Certificates'),
    id: 'listExpiringCertificates',
    summary: 'Certificates that have ended or end soon, the first to end first',
    reply: ExpiringCertificatesDto,
    listed: true,
  })
  async expiring(
    @OrganisationRequest() { organisation }: OrganisationContext,
    @AskedFor(expiringQuery) query: Asked<typeof expiringQuery>,
  ): Promise<unknown> {
    const now = this.clock.now();
    const endsBefore = new Date(now.getTime() + (query.days ?? usualDays) * dayMs);
    const place = placeOf(query);
    const { rows, total, next } = await this.certificates.page(organisation, { endsBefore }, place);
    const certificates = rows.map((row) => ({
      ...certificateView(row, now),
      days_remaining: daysUntil(row.notAfter ?? now, now),
    }));
    return piece(next, { certificates, pages: pageCount(total, place, this.certificates.pageSize) });
  }

  @Route.get('leaving', {
    access: Requires('certs', 'read', 'List Leaving Certificates'),
    id: 'listLeavingCertificates',
    summary: 'Deleted certificates that are still in Redis, because gateways may need them',
    reply: LeavingCertificatesDto,
  })
  async leaving(@OrganisationRequest() { organisation }: OrganisationContext): Promise<LeavingCertificatesDto> {
    return { certificates: await this.certificates.leaving(organisation) };
  }

  /** Asks for no more than the right to read, as that of every kind. */
  @RawBody()
  @Route.post('validate', {
    access: Requires('certs', 'read', 'Validate Certificate'),
    id: 'validateCertificate',
    ...validating,
    body: { schema: uploadForm },
    consumes: ['multipart/form-data'],
    errors: [409],
  })
  async validate(
    @OrganisationRequest() context: OrganisationContext,
    @Form({ files: mostFiles, fileSize: largestFile }) parts: readonly FormPart[],
  ): Promise<StatusReply> {
    const bundle = await readUpload(parts, this.clock.now());
    const changes = await dryRunChanges(await this.certificates.dryRun(context, bundle));
    return new StatusReply('Certificate is valid', { changes });
  }

  @RawBody()
  @Route.post('', {
    access: Requires('certs', 'write', 'Create Certificate'),
    id: 'addCertificate',
    summary: 'Upload a certificate or a public key, with its private key or without',
    description:
      'PEM, DER or PKCS#12, in fields of any name; the field `password` opens what is encrypted. Certificate and key may come in one file or in two. A body that is no form is taken for the file itself, whatever type it says it is.',
    body: { schema: uploadForm },
    consumes: ['multipart/form-data'],
    reply: CertificateReply,
    errors: [409],
  })
  async add(
    @OrganisationRequest() context: OrganisationContext,
    @Form({ files: mostFiles, fileSize: largestFile }) parts: readonly FormPart[],
  ): Promise<CertificateReply> {
    const bundle = await readUpload(parts, this.clock.now());
    const { certificateId } = await this.certificates.add(context, bundle);
    const notes = bundle.form === 'certificate' ? bundle.notes : [];
    const reply = { id: certificateId, message: 'Certificate added', status: 'ok' };
    return notes.length === 0 ? reply : { ...reply, notes };
  }

  @Route.get('dependencies/:id', {
    access: Requires('certs', 'read', 'Get Certificate Dependencies'),
    id: 'getCertificateDependencies',
    summary: 'The APIs and the key that use a certificate',
    params: [idParam],
    reply: CertificateDependenciesDto,
  })
  async getDependencies(
    @OrganisationRequest() context: OrganisationContext,
    @Param('id') id: string,
  ): Promise<CertificateDependenciesDto> {
    const row = await this.certificates.require(context.organisation, id);
    return dependenciesOf(row, await this.certificates.usersOf(context, row));
  }

  @Route.delete('dependencies/:id', {
    access: Requires('certs', 'write', 'Delete Certificate Dependencies'),
    id: 'deleteCertificateDependencies',
    summary: 'Take a certificate out of every API, and delete the keys that are bound to it',
    description: 'Asks for the rights to write APIs and keys, too, where there are such.',
    params: [idParam],
    reply: StatusReply,
    errors: [409],
  })
  async deleteDependencies(
    @OrganisationRequest() context: OrganisationContext,
    @Param('id') id: string,
  ): Promise<StatusReply> {
    await this.dependencies.remove(context, await this.certificates.require(context.organisation, id));
    return new StatusReply('Certificate dependencies deletion successfully attempted.');
  }

  @Route.post(':id/rotate', {
    access: Requires('certs', 'write', 'Rotate Certificate'),
    id: 'rotateCertificate',
    summary: 'Put the renewal of a certificate in its place, in APIs and keys',
    description:
      'APIs name both for the time being; an upstream or a signature, which takes one, has the new one. Each key that is bound to the old one gets a twin for the new one, with its rights and what is left of its quota. The same call with `end` takes the old one out of all of them. What stands in the way is refused before anything is changed: a renewal that does not fit where the old one stands, or that another key is bound to. One call changes up to 500 APIs and keys; repeated, it does what is left to do. Asks for the rights to write APIs and keys, too, where there are such.',
    params: [idParam],
    body: CertificateRotationDto,
    example: { to: renewalId },
    reply: RotatedCertificateDto,
    errors: [409, 412],
  })
  async rotate(
    @OrganisationRequest() context: OrganisationContext,
    @Param('id') id: string,
    @Body() { to, end }: CertificateRotationDto,
  ): Promise<RotatedCertificateDto> {
    const from = await this.certificates.require(context.organisation, id);
    const renewal = await this.certificates.renewal(context.organisation, to);
    const changed = await this.rotation.rotate(context, { from, to: renewal, ends: end });
    return { id: renewal.certificateId, ...changed, overlaps: !end };
  }

  @Route.get(':id', {
    access: Requires('certs', 'read', 'Get Certificate'),
    id: 'getCertificate',
    summary: 'Get a certificate',
    params: [idParam],
    reply: CertificateDto,
    tagged: true,
  })
  async get(
    @OrganisationRequest() { organisation }: OrganisationContext,
    @Param('id') id: string,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const row = await this.certificates.require(organisation, id);
    const view = certificateView(row, this.clock.now(), this.certificates.keyIsReadable(row));
    sendResource(reply, row.version, JSON.stringify(view));
  }

  @Route.get(':id/apis', {
    access: Requires('certs', 'read', 'List APIs Of Certificate'),
    id: 'listApisOfCertificate',
    summary: 'The APIs that use a certificate, and what for',
    params: [idParam],
    reply: UsingApisDto,
  })
  async apis(@OrganisationRequest() context: OrganisationContext, @Param('id') id: string): Promise<UsingApisDto> {
    const row = await this.certificates.require(context.organisation, id, 'Certificate not found or access denied');
    const apis = usingApisOf(await this.certificates.usersOf(context, row));
    return { cert_id: row.certificateId, apis, pages: Math.min(apis.length, 1) };
  }

  @Route.delete(':id', {
    access: Requires('certs', 'write', 'Delete Certificate'),
    id: 'deleteCertificate',
    summary: 'Delete a certificate that nothing uses',
    description:
      'It leaves Redis when every gateway runs a configuration without it; until then the reply says what it waits for.',
    params: [idParam],
    reply: CertificateReply,
    preconditioned: true,
    errors: [409],
  })
  async remove(
    @OrganisationRequest() context: OrganisationContext,
    @Param('id') id: string,
    @IfMatch() precondition: Precondition,
  ): Promise<CertificateReply> {
    const reason = await this.certificates.remove(context, id, precondition);
    const reply = { message: 'removed', status: 'ok' };
    return reason === null ? reply : { ...reply, pending: true, reason };
  }
}
