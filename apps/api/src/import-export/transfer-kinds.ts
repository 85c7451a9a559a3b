import { Injectable } from '@nestjs/common';
import { deleteOrder, draftOrder, writeOrder } from '@castellan/persistence';
import { Resources } from '../resources/resources';
import { TransferKind } from './transfer-kind';

/** Every kind that configuration documents have a section of, in the orders in which things are done with them. */
@Injectable()
export class TransferKinds {
  private known: readonly TransferKind[] | null = null;

  constructor(private readonly resources: Resources) {}

  /** In the order of the sections. */
  get all(): readonly TransferKind[] {
    // The services of the kinds are made while the application starts, in any order.
    this.known ??= this.resources.inDocuments().map((kind) => {
      const service = this.resources.named(kind.name);
      if (service.form === null) throw new TypeError(`No service says how the kind ${kind.name} stands in documents`);
      return new TransferKind(kind, service.form, service);
    });
    return this.known;
  }

  /** What is referred to first. */
  get toDraft(): readonly TransferKind[] {
    return draftOrder(this.all.map(placed)).map(({ transfer }) => transfer);
  }

  /** What is referred to first, and copies before their originals. */
  get toWrite(): readonly TransferKind[] {
    return writeOrder(this.all.map(placed)).map(({ transfer }) => transfer);
  }

  /** What refers to others first. */
  get toDelete(): readonly TransferKind[] {
    return deleteOrder(this.all.map(placed)).map(({ transfer }) => transfer);
  }

  /** @param name of the kind */
  named(name: string): TransferKind {
    const kind = this.all.find((one) => one.name === name);
    if (kind === undefined) throw new TypeError(`Imports know no ${name}`);
    return kind;
  }

  /** @param section of documents */
  ofSection(section: string): TransferKind {
    const kind = this.all.find((one) => one.section === section);
    if (kind === undefined) throw new TypeError(`Documents have no section ${section}`);
    return kind;
  }
}

const placed = (transfer: TransferKind) => ({ ...transfer.kind, transfer });
