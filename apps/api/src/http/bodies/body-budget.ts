import { Busy } from '@castellan/dto';

/**
 * How many bytes of bodies are held that are not whole yet, or not read yet. Without a limit, callers who begin bodies
 * and never end them would fill the memory.
 */
export class BodyBudget {
  private total = 0;
  private readonly callers = new Map<string, number>();

  /**
   * @param limit for everybody together
   * @param share for one caller
   */
  constructor(
    private readonly limit: number,
    private readonly share: number,
  ) {}

  /** Bytes that are held at this moment. */
  get held(): number {
    return this.total;
  }

  /** An account for one body. */
  open(caller: string): BodyAccount {
    return new BodyAccount((bytes) => {
      this.add(caller, bytes);
    });
  }

  private add(caller: string, bytes: number): void {
    const held = (this.callers.get(caller) ?? 0) + bytes;
    if (bytes > 0 && (this.total + bytes > this.limit || held > this.share)) {
      throw new Busy('Too many large bodies are being read');
    }
    this.total += bytes;
    if (held > 0) this.callers.set(caller, held);
    else this.callers.delete(caller);
  }
}

/** What one body has taken of the budget, and gives back when it is closed. */
export class BodyAccount {
  private taken = 0;

  constructor(private readonly add: (bytes: number) => void) {}

  /** @throws Busy */
  take(bytes: number): void {
    this.add(bytes);
    this.taken += bytes;
  }

  close(): void {
    this.add(-this.taken);
    this.taken = 0;
  }
}
