/** What one transaction should take, in milliseconds: long enough to be worth its commit, far from every time limit. */
const targetMs = 4_000;

const fewest = 250;
/** Where nothing is known of the database yet. */
const cautious = 1_000;

/** How many records go into one transaction, by what the database answered so far. */
export class Pace {
  private size: number;

  /** @param most records in one transaction @param first how many there are in the first one */
  constructor(
    private readonly most: number,
    first = cautious,
  ) {
    this.size = Math.min(first, most);
  }

  get records(): number {
    return this.size;
  }

  /** After a transaction. A chunk that was not full says nothing about larger ones. */
  took(records: number, elapsedMs: number): void {
    const factor = Math.min(Math.max(targetMs / Math.max(elapsedMs, 1), 0.5), 2);
    if (factor > 1 && records < this.size) return;
    this.size = Math.round(Math.min(Math.max(this.size * factor, Math.min(fewest, this.most)), this.most));
  }

  /** After a transaction that took too long, or met another one. */
  slow(): void {
    this.size = Math.max(Math.floor(this.size / 2), Math.min(fewest, this.most));
  }

  /** After a refusal: a smaller part may fit, and in the end it is known which record is refused. */
  failed(records: number): void {
    this.size = Math.max(Math.floor(Math.min(records, this.size) / 2), 1);
  }
}
