/**
 * Shares work between callers, and never hands out a result that was begun before the caller asked: who comes while a
 * run is under way waits for the next one, together with everybody else who came meanwhile.
 */
export class Coalescer<T> {
  private running: Promise<T> | null = null;
  private next: Promise<T> | null = null;

  constructor(private readonly work: () => Promise<T>) {}

  run(): Promise<T> {
    // Asked for already and not begun yet; between two runs there is a moment in which neither is under way.
    if (this.next !== null) return this.next;
    if (this.running === null) return this.begin();
    this.next = this.running.then(
      () => this.begin(),
      () => this.begin(),
    );
    return this.next;
  }

  private begin(): Promise<T> {
    this.next = null;
    const run = this.work().finally(() => {
      if (this.running === run) this.running = null;
    });
    this.running = run;
    return run;
  }
}
