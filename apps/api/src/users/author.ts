import { CastellanError } from '@castellan/dto';
import { reservedNames, rightsBeyond, union, type AdditionalSections, type Grants } from '@castellan/rbac';

/**
 * Whoever changes people and groups, by their rights: nobody grants what they lack, and nobody touches somebody with rights
 * that they lack. The operator is above all rights.
 */
export class Author {
  /**
   * @param grants what the author has; null for the operator
   * @param isSuper whether the author is of no organisation
   */
  constructor(
    private readonly grants: Grants | null,
    private readonly additional: AdditionalSections,
    readonly isSuper = false,
  ) {}

  /**
   * Refuses a change by which somebody comes to rights that the author lacks.
   *
   * @param before what that one has already: leaving it is no grant
   * @param path the field that would give them
   * @throws CastellanError 403
   */
  requireGrantable(before: Grants, after: Grants, path: string): void {
    const refusal = this.grantRefusal(before, after, path);
    if (refusal !== null) throw refusal;
  }

  /** What such a change is refused with; null where nothing is against it. */
  grantRefusal(before: Grants, after: Grants, path: string): CastellanError | null {
    if (this.grants === null) return null;
    const lacking = rightsLacking(union([this.grants, before]), after, this.additional);
    return refusalFor(lacking, path, 'You cannot grant rights that you lack');
  }

  /**
   * Refuses to touch somebody, or a group, with rights that the author lacks: by their credentials one would have them.
   *
   * @throws CastellanError 403
   */
  requireAbove(reach: Grants): void {
    if (this.grants === null) return;
    const lacking = rightsLacking(this.grants, reach, this.additional);
    const refusal = refusalFor(lacking, 'user_permissions', 'You cannot touch rights that you lack');
    if (refusal !== null) throw refusal;
  }
}

const refusalFor = (lacking: readonly string[], path: string, message: string): CastellanError | null => {
  if (lacking.length === 0) return null;
  const errors = lacking.map((right) => ({ path, message: `you lack ${right}` }));
  return new CastellanError(403, 'rights_exceeded', `${message}: ${lacking.join(', ')}`, { errors });
};

const reserved = new Set(reservedNames());

/** The rights that one lacks of those that are wanted. */
export const rightsLacking = (own: Grants, wanted: Grants, additional: AdditionalSections = {}): readonly string[] => {
  // Rights of sections that the organisation has taken out again may come back with them.
  const former = Object.keys(wanted).filter((name) => !reserved.has(name));
  return rightsBeyond(own, wanted, { ...Object.fromEntries(former.map((name) => [name, ''])), ...additional });
};
