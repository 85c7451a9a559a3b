import type { OpenRows } from '@castellan/analytics';
import type { SumsHead } from './sums-document';

/** What is held at most, in bytes. */
const mostBytes = 64 * 1024 * 1024;
/** How long it is held, so that what was erased does not stay for as long as nobody asks. */
const longestMs = 600_000;

type Which = Pick<SumsHead, '_id' | 'version'>;

interface Held {
  readonly version: string;
  readonly rows: OpenRows;
  readonly bytes: number;
  readonly since: number;
}

/**
 * Sums that somebody has asked for, opened. Which version there is of a document is read with each question, so that what is
 * late, erased or removed is in the next answer.
 */
export class OpenedSums {
  private readonly held = new Map<string, Held>();
  private bytes = 0;

  constructor(
    private readonly most = mostBytes,
    private readonly now = () => performance.now(),
  ) {}

  get({ _id, version }: Which): OpenRows | null {
    const held = this.held.get(_id);
    if (held === undefined) return null;
    this.remove(_id, held);
    if (held.version !== version.toString() || this.now() - held.since > longestMs) return null;
    this.put(_id, held);
    return held.rows;
  }

  set({ _id, version }: Which, rows: OpenRows): void {
    const before = this.held.get(_id);
    if (before !== undefined) this.remove(_id, before);
    this.put(_id, { version: version.toString(), rows, bytes: sizeOf(rows), since: this.now() });
    // The one that nobody has asked for the longest comes first.
    for (const [id, held] of this.held) {
      if (this.bytes <= this.most) return;
      this.remove(id, held);
    }
  }

  private put(id: string, held: Held): void {
    this.held.set(id, held);
    this.bytes += held.bytes;
  }

  private remove(id: string, held: Held): void {
    this.held.delete(id);
    this.bytes -= held.bytes;
  }
}

/** Names take several times as much as objects as they do in a row of bytes. */
const sizeOf = ({ bytes, begin, names }: OpenRows): number => bytes.length + 2 * begin + 300 * names.length;
