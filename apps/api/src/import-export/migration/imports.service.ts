import { Injectable } from '@nestjs/common';
import { ValidationFailed, type FieldError } from '@castellan/dto';
import { isObjectIdText, OrganisationStore, toOrganisationId, type OrganisationId } from '@castellan/persistence';
import { isJsonObject, ownField, textAt, TYK_EXTENSION, type JsonObject, type JsonValue } from '@castellan/tyk';
import type { OperatorContext } from '../../http/request-context';
import { ImportService } from '../import.service';
import { apiIdentityOf } from '../../apis/api-form';
import { everything } from '../subset';

/** What an import has brought, as clients know it: `true` for each id (docs/tyk/management.md#imports). */
export type Imported = Readonly<Record<string, true>>;

/** How the operator's imports of one kind are written. */
interface Kind {
  readonly section: 'apis' | 'policies';
  /** The field that holds the list. */
  readonly list: 'apis' | 'Data';
  /** Where an entry says whose it is. */
  readonly ownerPath: string;
  readonly ownerOf: (entry: JsonObject) => string;
  /** Which id clients find in the reply. */
  readonly idOf: (resource: { readonly id: string; readonly key: string }) => string;
}

const apis: Kind = {
  section: 'apis',
  list: 'apis',
  ownerPath: 'api_definition.org_id',
  ownerOf: (wrapper) =>
    textAt(wrapper, 'api_definition', 'org_id') || textAt(wrapper, 'oas', TYK_EXTENSION, 'info', 'orgId'),
  idOf: ({ key }) => key,
};

const policies: Kind = {
  section: 'policies',
  list: 'Data',
  ownerPath: 'org_id',
  ownerOf: (policy) => textAt(policy, 'org_id'),
  idOf: ({ id }) => id,
};

interface Entry {
  readonly content: JsonObject;
  readonly path: string;
}

/** The operator's imports, which say inside each entry whose it is. They keep ids, and replace what has the same. */
@Injectable()
export class ImportsService {
  constructor(
    private readonly imports: ImportService,
    private readonly organisations: OrganisationStore,
  ) {}

  /** @throws ValidationFailed, Conflict with everything that is wrong */
  async importApis(context: OperatorContext, body: unknown): Promise<Imported> {
    return this.import(context, body, apis);
  }

  /** @throws ValidationFailed, Conflict with everything that is wrong */
  async importPolicies(context: OperatorContext, body: unknown): Promise<Imported> {
    return this.import(context, body, policies);
  }

  /** Each organisation's entries are one import; those of several are all checked before the first one is made. */
  private async import(context: OperatorContext, body: unknown, kind: Kind): Promise<Imported> {
    const byOwner = await this.byOwner(entriesOf(body, kind), kind);
    const make = (dryRun: boolean) => async (owner: OrganisationId, entries: readonly Entry[]) =>
      this.imports.import(context.in(owner), requestOf(entries, kind), { dryRun });
    if (byOwner.size > 1) for (const [owner, entries] of byOwner) await make(true)(owner, entries);

    const imported = new Set<string>();
    for (const [owner, entries] of byOwner) {
      const { resources } = await make(false)(owner, entries);
      const named = resources?.filter(({ path }) => path !== null).map(kind.idOf);
      for (const id of named ?? entries.map(({ content }) => givenId(content, kind))) imported.add(id);
    }
    return Object.fromEntries([...imported].map((id) => [id, true]));
  }

  private async byOwner(entries: readonly Entry[], kind: Kind): Promise<ReadonlyMap<OrganisationId, readonly Entry[]>> {
    const problems: FieldError[] = [];
    const byOwner = new Map<OrganisationId, Entry[]>();
    for (const entry of entries) {
      const owner = await this.ownerOf(entry.content, kind);
      if (owner === null) problems.push({ path: `${entry.path}.${kind.ownerPath}`, message: 'names no organisation' });
      else byOwner.set(owner, [...(byOwner.get(owner) ?? []), entry]);
    }
    if (problems.length > 0) throw new ValidationFailed(problems);
    return byOwner;
  }

  private async ownerOf(content: JsonObject, { ownerOf }: Kind): Promise<OrganisationId | null> {
    const id = ownerOf(content);
    if (!isObjectIdText(id)) return null;
    const owner = toOrganisationId(id);
    return (await this.organisations.byId(owner)) === null ? null : owner;
  }
}

const requestOf = (entries: readonly Entry[], { section }: Kind) => ({
  document: { subset: everything, sections: { [section]: entries.map(({ content }) => content) } },
  subset: everything,
  prune: false,
  mayMakeIds: true,
  pathOf: (_section: string, index: number) => entries[index]?.path ?? '',
});

const givenId = (content: JsonObject, { section }: Kind): string =>
  section === 'apis' ? apiIdentityOf(content).key : textAt(content, '_id') || textAt(content, 'id');

/** @throws ValidationFailed */
const entriesOf = (body: unknown, { list }: Kind): readonly Entry[] => {
  // Bodies come out of the JSON parser, so they hold JSON values only.
  const entries = isJsonObject(body as JsonValue) ? ownField(body as JsonObject, list) : undefined;
  if (!Array.isArray(entries)) {
    throw new ValidationFailed([{ path: list, message: 'is required and must be a list' }], 'Request body malformed');
  }
  const problems = entries.flatMap((entry, index): FieldError[] =>
    isJsonObject(entry) ? [] : [{ path: `${list}[${index}]`, message: 'must be an object' }],
  );
  if (problems.length > 0) throw new ValidationFailed(problems);
  return entries.filter(isJsonObject).map((content, index) => ({ content, path: `${list}[${index}]` }));
};
