import {
  addMeasures,
  addRecord,
  CountSum,
  keyOf,
  noMeasures,
  recordFromDocument,
  type AnalyticsRecord,
  type Dimensions,
  type FoundDocument,
  type Measures,
} from '@castellan/analytics';
import { Busy, CastellanError } from '@castellan/dto';
import type { DimensionName, Question } from './question';

export interface Cell {
  readonly dimensions: Dimensions;
  /** Beginning of the bucket. */
  readonly at: Date;
  label: string;
  readonly measures: Measures;
}

/** Its sketch is added up apart. */
type SummedCell = Cell & { readonly sketch: CountSum };

/** Groups, times the stretches of time, that one question may have; each takes a kilobyte or two. */
const mostCells = 250_000;

/** Those that all questions together may have that are answered at one time. */
const mostOfAll = 500_000;

/** Counts what the questions hold that are being answered. */
export class CellBudget {
  private held = 0;

  constructor(private readonly most = mostOfAll) {}

  /** @throws Busy when there is no room for another one */
  take(): void {
    if (this.held >= this.most) throw new Busy('Too many large questions are being answered');
    this.held += 1;
  }

  giveBack(count: number): void {
    this.held -= count;
  }
}

/** What was found, by bucket and group. */
export class Cells {
  private readonly byName = new Map<string, SummedCell>();
  private readonly starts: readonly number[];

  constructor(
    private readonly question: Question,
    private readonly budget: CellBudget,
    private readonly most = mostCells,
  ) {
    this.starts = [question.from, ...question.edges].map((edge) => edge.getTime());
  }

  /** To be called when the answer has been given, or cannot be. */
  letGo(): void {
    this.budget.giveBack(this.byName.size);
  }

  get all(): readonly Cell[] {
    const all = [...this.byName.values()];
    for (const { sketch, measures } of all) sketch.moveTo(measures.sketch);
    return all;
  }

  add(dimensions: Dimensions, at: Date, label: string, measures: Measures): void {
    const cell = this.take(dimensions, at, label);
    if (cell !== null) addMeasures(cell.measures, measures);
  }

  /** Where to add what was found; null when nobody asks for it. @throws CastellanError when there are too many groups */
  take(dimensions: Dimensions, at: Date, label: string): SummedCell | null {
    if (!this.matches(dimensions)) return null;
    const cell = this.cell(dimensions, at);
    if (label !== '') cell.label = label;
    return cell;
  }

  addDocument(document: FoundDocument): void {
    const record = recordFromDocument(document);
    const { apiId: api, apiVersion: version, path, responseCode: code, oauthId: oauth } = record;
    const base = { api, version, key: keyOf(record), path, code, oauth, country: record.geo.isoCode };
    const tags = this.asksFor('tag') ? [...new Set(record.tags)] : [''];
    for (const tag of tags) {
      const dimensions = { ...base, tag };
      if (!this.matches(dimensions) || (this.question.errorsOnly === true && code < 400)) continue;
      const cell = this.cell(dimensions, record.timeStamp);
      const label = this.labelOf(record);
      if (label !== '') cell.label = label;
      addRecord(cell.measures, record, true);
      // A filter by several tags still counts a request once.
      if (!this.question.groupBy.includes('tag')) break;
    }
  }

  /** As rows of sums have it: the alias of a key, or else the name of an API. */
  private labelOf({ alias, apiName }: AnalyticsRecord): string {
    const { groupBy } = this.question;
    if (groupBy.includes('key')) return alias;
    return groupBy.includes('api') ? apiName : '';
  }

  private asksFor(name: DimensionName): boolean {
    return this.question.groupBy.includes(name) || this.question.filters[name] !== undefined;
  }

  private matches(dimensions: Dimensions): boolean {
    const { filters, scope } = this.question;
    if (scope !== null && !scope.includes(dimensions.api ?? '')) return false;
    return (Object.entries(filters) as [DimensionName, readonly (string | number)[]][]).every(([name, values]) => {
      const value = dimensions[name];
      return value !== undefined && values.includes(value);
    });
  }

  private cell(dimensions: Dimensions, instant: Date): SummedCell {
    const at = this.bucketOf(instant);
    const name = this.nameOf(dimensions, at);
    const known = this.byName.get(name);
    if (known !== undefined) return known;
    if (this.byName.size >= this.most) {
      const message = `There are more than ${this.most} groups and stretches of time; filter, or ask for a shorter time or longer stretches`;
      throw new CastellanError(400, 'limit_reached', message);
    }
    this.budget.take();
    const own: Dimensions = Object.fromEntries(this.question.groupBy.map((one) => [one, dimensions[one]]));
    const cell = { dimensions: own, at: new Date(at), label: '', measures: noMeasures(), sketch: new CountSum() };
    this.byName.set(name, cell);
    return cell;
  }

  /** Another one for each group, whatever is in the values: each comes with its length. */
  private nameOf(dimensions: Dimensions, at: number): string {
    let name = String(at);
    for (const one of this.question.groupBy) {
      const value = dimensions[one];
      name += typeof value === 'string' ? ` ${value.length}:${value}` : ` ${value ?? '-'}`;
    }
    return name;
  }

  /** The last beginning that is not after the instant. */
  private bucketOf(instant: Date): number {
    const millis = instant.getTime();
    let [low, high] = [0, this.starts.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.starts[middle] ?? Infinity) <= millis) low = middle;
      else high = middle - 1;
    }
    return this.starts[low] ?? millis;
  }
}
