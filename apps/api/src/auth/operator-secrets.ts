import { createHash, timingSafeEqual } from 'node:crypto';
import { namedSecretsIn, type ApiConfig, type NamedSecret } from '@castellan/config';

/** What the audit log calls whoever holds the admin secret without a name of its own. */
const firstOperator = 'admin';

type Setting = Pick<ApiConfig, 'adminSecret' | 'adminSecrets' | 'adminSecretsFile'>;

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/**
 * The secrets that open the plane of the operator, each with the name of whoever holds it. Those of a file come and go with the
 * file; the others are those of the start.
 */
export class OperatorSecrets {
  private static readonly known = new WeakMap<Setting, OperatorSecrets>();
  private readonly seen = new Set<string>();
  private current: readonly (NamedSecret & { readonly digest: Buffer })[] = [];

  private constructor(private readonly setting: Setting) {
    this.take(setting.adminSecrets);
  }

  /** Those of an installation: the same object for everybody who has its configuration. */
  static of(setting: Setting): OperatorSecrets {
    const known = OperatorSecrets.known.get(setting) ?? new OperatorSecrets(setting);
    OperatorSecrets.known.set(setting, known);
    return known;
  }

  /** Every secret that is or was good: none of them may stand in a log. */
  get everKnown(): readonly string[] {
    return [...this.seen];
  }

  get comeFromFile(): boolean {
    return this.setting.adminSecretsFile !== '';
  }

  /** How many secrets there are of each name. */
  get names(): Readonly<Record<string, number>> {
    const counts = new Map<string, number>();
    for (const { name } of this.current) counts.set(name, (counts.get(name) ?? 0) + 1);
    return Object.fromEntries(counts);
  }

  /** Whose secret it is; null for nobody's. All are compared, so that the time tells nothing. */
  holderOf(given: string): string | null {
    const wanted = digest(given);
    let holder: string | null = null;
    for (const one of this.current) if (timingSafeEqual(one.digest, wanted)) holder ??= one.name;
    return holder;
  }

  /**
   * Reads the file again, if there is one. What was good stays good when it cannot be read or is wrong.
   *
   * @returns whether anything has changed
   * @throws ConfigError, or the error of the file system
   */
  readAgain(): boolean {
    if (!this.comeFromFile) return false;
    const before = JSON.stringify(this.current);
    this.take(namedSecretsIn(this.setting.adminSecretsFile));
    return JSON.stringify(this.current) !== before;
  }

  private take(named: readonly NamedSecret[]): void {
    const first = { name: firstOperator, secret: this.setting.adminSecret };
    this.current = [first, ...named].map((one) => ({ ...one, digest: digest(one.secret) }));
    for (const { secret } of this.current) this.seen.add(secret);
  }
}
