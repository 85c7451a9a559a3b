import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { ClientSession, Model, Types } from 'mongoose';
import type { Operation } from '../changes/rows';
import type { UnitOfWork } from '../changes/unit-of-work';
import { toObjectId, type OrganisationId } from '../ids';
import { certificateKind, type CertificateRow } from '../kinds/certificate.kind';
import { AdoptingStore } from './adopting-store';
import type { Draft } from './resource-row';

/** As much of a certificate as says whether Redis has it. */
export type CertificatePlace = Pick<CertificateRow, '_id' | 'orgId' | 'certificateId' | 'text'>;

/** Certificates. What is written here is brought to the nodes' Redis as a chore of the same change. */
@Injectable()
export class CertificateStore extends AdoptingStore<CertificateRow> {
  constructor(@InjectModel(certificateKind.name) model: Model<CertificateRow>) {
    super(model, certificateKind);
  }

  override async insert(
    unit: UnitOfWork,
    draft: Draft<CertificateRow>,
    options: { readonly version?: number; readonly operation?: Operation } = {},
  ): Promise<CertificateRow> {
    const row = await super.insert(unit, draft, options);
    unit.leave({ job: 'certificate.put', about: [row.certificateId], text: '' });
    return row;
  }

  override async remove(unit: UnitOfWork, row: CertificateRow, operation: Operation = 'delete'): Promise<void> {
    await super.remove(unit, row, operation);
    unit.leave({ job: 'certificate.remove', about: [row.certificateId], text: '' });
  }

  async byCertificateId(
    organisation: OrganisationId,
    certificateId: string,
    session: ClientSession | null = null,
  ): Promise<CertificateRow | null> {
    return this.findOne(organisation, { certificateId }, session);
  }

  async named(
    organisation: OrganisationId,
    ids: readonly string[],
    session: ClientSession | null,
  ): Promise<CertificateRow[]> {
    return ids.length === 0 ? [] : this.findAll(organisation, { certificateId: { $in: [...ids] } }, session);
  }

  /** The ids of all that an organisation has. */
  async idsOf(organisation: OrganisationId): Promise<string[]> {
    const rows = await this.model
      .find({ orgId: toObjectId(organisation) })
      .select({ certificateId: 1 })
      .lean<Pick<CertificateRow, 'certificateId'>[]>()
      .exec();
    return rows.map(({ certificateId }) => certificateId);
  }

  /** The certificate of an id in whatever organisation: for what is done to Redis in nobody's name. */
  async anywhere(certificateId: string): Promise<CertificateRow | null> {
    return this.model.findOne({ certificateId }).lean<CertificateRow>().exec();
  }

  /** Certificates of all organisations after one of them, in the order of their ids: for comparing Redis with them. */
  async placesAfter(last: Types.ObjectId | null, most: number): Promise<CertificatePlace[]> {
    return this.model
      .find(last === null ? {} : { _id: { $gt: last } })
      .sort({ _id: 1 })
      .limit(most)
      .select({ orgId: 1, certificateId: 1, text: 1 })
      .lean<CertificatePlace[]>()
      .exec();
  }

  /** Puts another form of the same certificate in the place of one. @returns false when it has changed meanwhile */
  async replaceText({ _id, text }: Pick<CertificateRow, '_id' | 'text'>, next: string): Promise<boolean> {
    const { matchedCount } = await this.model.updateOne({ _id, text }, { $set: { text: next } }).exec();
    return matchedCount === 1;
  }

  /** Those of all organisations that end before then, and were not warned of for so few days yet. */
  async toWarnOf(before: Date, days: number, most: number): Promise<CertificateRow[]> {
    return this.model
      .find({ notAfter: { $ne: null, $lte: before }, $or: [{ warnedOf: null }, { warnedOf: { $gt: days } }] })
      .sort({ notAfter: 1 })
      .limit(most)
      .lean<CertificateRow[]>()
      .exec();
  }

  /** @returns false when another replica has warned of it meanwhile */
  async noteWarning({ _id, warnedOf }: CertificateRow, days: number): Promise<boolean> {
    const { matchedCount } = await this.model.updateOne({ _id, warnedOf }, { $set: { warnedOf: days } }).exec();
    return matchedCount === 1;
  }
}
