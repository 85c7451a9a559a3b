/**
 * What APIs claim of the gateways' address space: an address and a tag, `host|path#tag`, or the address alone, `host|path#`,
 * for APIs that every gateway loads.
 * Two APIs are in each other's way when they claim the same place for the same tag, or one of them for every gateway.
 */

/** The address that a claim is about. */
const addressOf = (claim: string): string => claim.slice(0, claim.lastIndexOf('#') + 1);

const isForAll = (claim: string): boolean => claim.endsWith('#');

const clash = (one: string, other: string): boolean =>
  one === other || (addressOf(one) === addressOf(other) && (isForAll(one) || isForAll(other)));

/** Who holds which claim. Holders are told apart by any text. */
export class ClaimMap {
  private readonly byAddress = new Map<string, Map<string, string>>();

  /** Adds claims; the first holder of a claim stays its holder. */
  add(holder: string, claims: readonly string[]): void {
    for (const claim of claims) {
      const address = addressOf(claim);
      const held = this.byAddress.get(address) ?? new Map<string, string>();
      this.byAddress.set(address, held);
      if (!held.has(claim)) held.set(claim, holder);
    }
  }

  /** Somebody else who is in the way of these claims, or null. */
  inTheWay(holder: string, claims: readonly string[]): string | null {
    for (const claim of claims) {
      for (const [other, otherHolder] of this.byAddress.get(addressOf(claim)) ?? []) {
        if (otherHolder !== holder && clash(claim, other)) return otherHolder;
      }
    }
    return null;
  }
}
