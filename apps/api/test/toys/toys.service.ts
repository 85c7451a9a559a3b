import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { ClientSession, Model } from 'mongoose';
import { CastellanError, Conflict, ValidationFailed } from '@castellan/dto';
import {
  ResourceStore,
  type Draft,
  type DuplicateKey,
  type OrganisationId,
  type UnitOfWork,
} from '@castellan/persistence';
import { flagAt, isJsonObject, listAt, parseJson, textAt, type JsonObject, type JsonValue } from '@castellan/tyk';
import { ownersIn } from '../../src/ownership/sight';
import { plainOutline, type DocumentForm } from '../../src/resources/document-form';
import { ResourceService } from '../../src/resources/resource.service';
import { ResourceTools } from '../../src/resources/resource-tools';
import type { ReadScope } from '../../src/resources/read-scope';
import type { Drafting, Obstacle, Wanted } from '../../src/resources/wanted';
import { toyKind, type ToyRow } from './toy.kind';

@Injectable()
export class ToyStore extends ResourceStore<ToyRow> {
  constructor(@InjectModel(toyKind.name) model: Model<ToyRow>) {
    super(model, toyKind);
  }
}

const toyForm: DocumentForm<ToyRow> = {
  idPath: 'id',
  identityOf: (toy) => ({ id: textAt(toy, 'id'), key: textAt(toy, 'toy_id') }),
  withIdentity: (toy, { id, key }) => ({ ...toy, id, ...(key === '' ? {} : { toy_id: key }) }),
  portable: (toy) => toy,
  outlineOf: ({ toyId, name }) => plainOutline(toyId, name),
};

const inUse = (): Conflict => new Conflict('id_conflict', 'There is such a toy');

/** More than a test makes of them, and fewer than it tries to make. */
export const mostToys = 5;

/** Toys of one organisation; two in one organisation may not have the same name. */
@Injectable()
export class ToysService extends ResourceService<ToyRow> {
  override readonly form = toyForm;

  constructor(
    tools: ResourceTools,
    private readonly toys: ToyStore,
  ) {
    super(tools, toys, 'No such toy');
  }

  override async find(organisation: OrganisationId, id: string, session: ClientSession | null): Promise<ToyRow | null> {
    return (await super.find(organisation, id, session)) ?? this.toys.findOne(organisation, { toyId: id }, session);
  }

  parse(body: unknown): JsonObject {
    // Bodies come out of the JSON parser, so they hold JSON values only.
    const content = body as JsonValue;
    if (isJsonObject(content) && textAt(content, 'name') !== '') return content;
    throw new ValidationFailed([{ path: 'name', message: 'is required' }]);
  }

  async draft(_scope: ReadScope, { content, id, current, references }: Drafting<ToyRow>): Promise<Draft<ToyRow>> {
    const policy = textAt(content, 'policy');
    if (policy !== '' && (await references.named('policy', [policy])).length === 0) {
      throw new ValidationFailed([{ path: 'policy', message: 'names no policy of the organisation' }]);
    }
    const toyId = textAt(content, 'toy_id') || (current?.toyId ?? id.toString());
    const toy = { ...content, id: id.toString(), toy_id: toyId };
    const [name, shown] = [textAt(content, 'name'), flagAt(content, 'shown')];
    return { _id: id, document: JSON.stringify(toy), toyId, name, shown, ...ownersIn(toy) };
  }

  override async check(
    { organisation, session }: ReadScope,
    wanted: readonly Wanted<ToyRow>[],
    leaving: ReadonlySet<string>,
  ): Promise<readonly Obstacle[]> {
    const names = wanted.map(({ draft }) => draft.name);
    const rewritten = new Set([...leaving, ...wanted.map(({ draft }) => draft._id.toString())]);
    const stored = await this.toys.heads(organisation, { name: { $in: names } }, session);
    const taken = new Set(stored.filter(({ _id }) => !rewritten.has(_id.toString())).map(({ name }) => name));
    return names.flatMap((name, index): Obstacle[] => {
      const isTaken = taken.has(name);
      taken.add(name);
      return isTaken ? [{ index, path: 'name', brief: 'is another toy’s', error: inUse() }] : [];
    });
  }

  override limit(unit: UnitOfWork): void {
    const refuse = () => new CastellanError(400, 'limit_reached', `There may be ${mostToys} toys`);
    unit.limit(toyKind.name, { most: mostToys, refuse });
  }

  /** A toy that is written says its words to the nodes, one after the other. */
  protected override followUp(unit: UnitOfWork, _before: ToyRow | null, after: ToyRow | null): Promise<void> {
    const words = after === null ? [] : listAt(parseJson(after.document), 'says');
    for (const word of words) if (typeof word === 'string') unit.effect('KeySpaceUpdateNotification', word);
    return Promise.resolve();
  }

  protected conflict(_error: DuplicateKey): Promise<CastellanError> {
    return Promise.resolve(inUse());
  }
}
