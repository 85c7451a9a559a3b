import { createHash } from 'node:crypto';

/**
 * A HyperLogLog whose registers are plain numbers by place. Two are merged by keeping the larger number of each. 4,096
 * registers: the standard error is 1.6 %.
 */
const placeBits = 12;
const registers = 2 ** placeBits;
const rankBits = 64 - placeBits;

/** Ranks by register; what is missing is 0. */
export type Registers = ReadonlyMap<number, number>;

type Register = readonly [place: number, rank: number];

/** Registers of members that came lately: the same few come again and again, and a hash takes longer than a look. */
const remembered = new Map<string, Register>();
/** How many are remembered, and the longest of them. */
const [mostRemembered, longestRemembered] = [10_000, 64];

/** Where a member leaves its mark, and which. */
export const registerOf = (member: string): Register => {
  const known = remembered.get(member);
  if (known !== undefined) return known;
  const register = hashedRegisterOf(member);
  if (member.length > longestRemembered) return register;
  if (remembered.size >= mostRemembered) remembered.clear();
  remembered.set(member, register);
  return register;
};

const hashedRegisterOf = (member: string): Register => {
  const hash = createHash('sha1').update(member).digest().readBigUInt64BE();
  const place = Number(hash >> BigInt(rankBits));
  const rest = BigInt.asUintN(rankBits, hash);
  const rank = rest === 0n ? rankBits + 1 : rankBits - rest.toString(2).length + 1;
  return [place, rank];
};

/** Adds the members of one counter to another. */
export const mergeRegisters = (into: Map<number, number>, from: Iterable<readonly [number, number]>): void => {
  for (const [place, rank] of from) if (rank > (into.get(place) ?? 0)) into.set(place, rank);
};

/** How many different members there were. By the estimator of Ertl (arXiv 1702.01284), which needs no tables of corrections. */
export const uniqueCount = (counter: Registers): number => {
  const histogram = Array.from({ length: rankBits + 2 }, () => 0);
  for (const rank of counter.values()) histogram[rank] = (histogram[rank] ?? 0) + 1;
  histogram[0] = registers - counter.size;
  const last = histogram[rankBits + 1] ?? 0;
  let sum = registers * tau(1 - last / registers);
  for (let rank = rankBits; rank >= 1; rank -= 1) sum = 0.5 * (sum + (histogram[rank] ?? 0));
  sum += registers * sigma(histogram[0] / registers);
  return Math.round((registers * registers) / (2 * Math.LN2 * sum));
};

const sigma = (share: number): number => {
  if (share === 1) return Infinity;
  let [x, y, sum, before] = [share, 1, share, -1];
  while (sum !== before) {
    x *= x;
    before = sum;
    sum += x * y;
    y += y;
  }
  return sum;
};

const tau = (share: number): number => {
  if (share === 0 || share === 1) return 0;
  let [x, y, sum, before] = [share, 1, 1 - share, -1];
  while (sum !== before) {
    x = Math.sqrt(x);
    before = sum;
    y *= 0.5;
    sum -= (1 - x) ** 2 * y;
  }
  return sum / 3;
};
