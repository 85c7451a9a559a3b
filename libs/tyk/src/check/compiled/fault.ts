/** What gateways cannot compile of a value: where below it, and why. */
export interface CompileFault {
  readonly below: string;
  readonly message: string;
}
