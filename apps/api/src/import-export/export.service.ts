import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { ClientSession } from 'mongoose';
import {
  ConsistentReads,
  Generations,
  ImportRunning,
  type OrganisationId,
  type ResourceRow,
} from '@castellan/persistence';
import { canonicalJson, isJsonObject, parseJson, type JsonObject } from '@castellan/tyk';
import { headOf } from './document';
import { byKey } from './plan';
import type { Existing } from '../resources/document-form';
import { isEverything, isWithin, sectionsOf, type Subset } from './subset';
import type { TransferKind } from './transfer-kind';
import { TransferKinds } from './transfer-kinds';
import { inTurns } from './turns';
import { writeYaml } from './yaml';

export type ExportFormat = 'json' | 'yaml';

/** An export, or only its tag when the caller has it already. */
export interface Export {
  /** Changes exactly when the exported configuration does. */
  readonly tag: string;
  readonly text: string | null;
}

/** Whether a resource may be shown, by its section and the id by which documents name it. */
export type Sees = (section: string, key: string) => boolean;

export const everything: Sees = () => true;

interface ExportOptions {
  readonly format: ExportFormat;
  /** Whether the caller has the export of this tag. */
  readonly isKnown: (tag: string) => boolean;
  readonly sees: Sees;
}

/**
 * Writes an organisation's configuration as one document. The same configuration gives the same bytes in any
 * installation: resources in the order of their ids, fields in the order of their names, and no word of versions, dates
 * of writing or the organisation.
 */
@Injectable()
export class ExportService {
  constructor(
    private readonly kinds: TransferKinds,
    private readonly generations: Generations,
    private readonly reads: ConsistentReads,
  ) {}

  /**
   * @throws ImportRunning while half of an import would be in it: that is nobody's configuration
   */
  async export(
    organisation: OrganisationId,
    subset: Subset,
    { format, isKnown, sees }: ExportOptions,
  ): Promise<Export> {
    return this.reads.read(async (session) => {
      const { importing } = await this.generations.of(organisation, session);
      if (importing !== null) throw new ImportRunning('A large import is being applied; export when it is over');
      const contents = await this.contents(organisation, subset, session, sees);
      const tag = tagOf(subset, contents);
      if (isKnown(tag)) return { tag, text: null };
      const sections: (readonly [string, readonly string[]])[] = [];
      for (const [name, wanted] of contents) {
        const ids = isEverything(subset) && sees === everything ? null : wanted.map(({ _id }) => _id);
        const rows = await this.kinds.ofSection(name).rows(organisation, ids, session);
        sections.push([name, await itemsOf(this.kinds.ofSection(name), organisation, inOrder(rows, wanted), format)]);
      }
      return { tag, text: format === 'json' ? jsonText(subset, sections) : yamlText(subset, sections) };
    });
  }

  /** The tag that an export would have now. */
  async tag(organisation: OrganisationId, subset: Subset, session: ClientSession | null): Promise<string> {
    return tagOf(subset, await this.contents(organisation, subset, session));
  }

  private async contents(
    organisation: OrganisationId,
    subset: Subset,
    session: ClientSession | null,
    sees: Sees = everything,
  ): Promise<Contents> {
    const contents: (readonly [string, readonly Existing[]])[] = [];
    for (const name of sectionsOf(subset)) {
      const rows = await this.kinds.ofSection(name).existing(organisation, session);
      contents.push([name, rows.filter((row) => isWithin(subset, row) && sees(name, row.key)).sort(byKey)]);
    }
    return contents;
  }
}

/** What an export has, section by section, in its order. */
type Contents = readonly (readonly [string, readonly Existing[]])[];

const tagOf = (subset: Subset, contents: Contents): string => {
  const hash = createHash('sha256').update(canonicalJson(headOf(subset)));
  for (const [name, rows] of contents) {
    for (const { _id, digest } of rows) hash.update(`${name} ${_id.toString()} ${digest}\n`);
  }
  return hash.digest('hex');
};

const inOrder = (rows: readonly ResourceRow[], order: readonly Existing[]): readonly ResourceRow[] => {
  const byId = new Map(rows.map((row) => [row._id.toString(), row]));
  return order.flatMap(({ _id }) => byId.get(_id.toString()) ?? []);
};

const itemsOf = async (
  kind: TransferKind,
  organisation: OrganisationId,
  rows: readonly ResourceRow[],
  format: ExportFormat,
): Promise<readonly string[]> => {
  const items: string[] = [];
  for await (const { document } of inTurns(rows)) {
    const item = canonicalJson(kind.form.portable(objectOf(document), organisation));
    items.push(format === 'json' ? item : writeYaml([parseJson(item)]));
  }
  return items;
};

const objectOf = (document: string): JsonObject => {
  const value = parseJson(document);
  return isJsonObject(value) ? value : {};
};

type Sections = readonly (readonly [string, readonly string[]])[];

const jsonText = (subset: Subset, sections: Sections): string => {
  const lists = sections.map(([name, items]) => `,"${name}":[${items.join(',')}]`);
  return `{"castellan":${canonicalJson(headOf(subset))}${lists.join('')}}`;
};

const yamlText = (subset: Subset, sections: Sections): string => {
  const lists = sections.map(([name, items]) => (items.length === 0 ? `${name}: []\n` : `${name}:\n${items.join('')}`));
  return `${writeYaml({ castellan: headOf(subset) })}${lists.join('')}`;
};
