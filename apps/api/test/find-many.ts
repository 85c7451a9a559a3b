/** How much of each text is looked for by its hash; none may be shorter, which would stand in texts by chance. */
export const shortestFound = 11;

const base = 257;
/** What a character weighs that leaves the window. */
const leaving = Array.from({ length: shortestFound }).reduce((weight: number) => Math.imul(weight, base), 1);

const hashOf = (window: string): number => {
  let hash = 0;
  for (let at = 0; at < window.length; at += 1) hash = (Math.imul(hash, base) + window.charCodeAt(at)) | 0;
  return hash;
};

/** Finds any number of texts in one pass, as Rabin and Karp do: by a hash of what ends at each place. */
export class ManyTexts {
  private readonly byHash = new Map<number, string[]>();
  /** One bit for the lowest bits of each hash: most places need no look into the map. */
  private readonly sieve = new Uint8Array(1 << 16);

  constructor(texts: Iterable<string>) {
    for (const text of texts) {
      if (text.length < shortestFound) throw new Error(`Shorter than ${shortestFound} characters: ${text}`);
      const hash = hashOf(text.slice(-shortestFound));
      this.byHash.set(hash, [...(this.byHash.get(hash) ?? []), text]);
      this.sieve[hash & 0xffff] = 1;
    }
  }

  /** The texts that stand in another one. */
  in(text: string): ReadonlySet<string> {
    const found = new Set<string>();
    let hash = 0;
    for (let at = 0; at < text.length; at += 1) {
      hash = (Math.imul(hash, base) + text.charCodeAt(at)) | 0;
      if (at >= shortestFound) hash = (hash - Math.imul(leaving, text.charCodeAt(at - shortestFound))) | 0;
      if (this.sieve[hash & 0xffff] === 0) continue;
      for (const one of this.byHash.get(hash) ?? []) {
        if (text.startsWith(one, at + 1 - one.length)) found.add(one);
      }
    }
    return found;
  }
}
