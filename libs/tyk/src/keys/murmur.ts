/** The murmur3 variants gateways store keys under (docs/tyk/keys.md#hashes). Not for cryptographic use. */

const C1 = 0x87c37b91114253d5n;
const C2 = 0x4cf5ad432745937fn;
const MASK = (1n << 64n) - 1n;

/**
 * Tyk's 32-bit hash as 8 hex digits: the block loop of murmur3 x86-32 and nothing else (no tail, no length, no finaliser), so
 * the last one to three bytes of the input do not count and everything shorter than four bytes gives `00000000`.
 */
export function tykMurmur32(input: Uint8Array): string {
  const bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength);
  let hash = 0;
  for (let at = 0; at + 4 <= bytes.length; at += 4) {
    let block = Math.imul(bytes.readUInt32LE(at), 0xcc9e2d51);
    block = (block << 15) | (block >>> 17);
    hash ^= Math.imul(block, 0x1b873593);
    hash = (hash << 13) | (hash >>> 19);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  return (hash >>> 0).toString(16).padStart(8, '0');
}

/** The first half of {@link murmur128}, as 16 hex digits. */
export function murmur64(input: Uint8Array): string {
  return murmur128(input).slice(0, 16);
}

/** Standard murmur3 x64-128 with seed 0, as 32 hex digits. */
export function murmur128(input: Uint8Array): string {
  const bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength);
  const blocks = bytes.length - (bytes.length % 16);
  let h1 = 0n;
  let h2 = 0n;

  for (let at = 0; at < blocks; at += 16) {
    h1 ^= mixFirst(bytes.readBigUInt64LE(at));
    h1 = (((rotate(h1, 27n) + h2) & MASK) * 5n + 0x52dce729n) & MASK;
    h2 ^= mixSecond(bytes.readBigUInt64LE(at + 8));
    h2 = (((rotate(h2, 31n) + h1) & MASK) * 5n + 0x38495ab5n) & MASK;
  }

  // Zero bytes mix to nothing, so a zero-filled block is the same as the usual fall-through over the tail.
  const tail = Buffer.alloc(16);
  bytes.copy(tail, 0, blocks);
  h1 ^= mixFirst(tail.readBigUInt64LE(0));
  h2 ^= mixSecond(tail.readBigUInt64LE(8));

  const length = BigInt(bytes.length);
  h1 ^= length;
  h2 ^= length;
  h1 = (h1 + h2) & MASK;
  h2 = (h2 + h1) & MASK;
  h1 = finalise(h1);
  h2 = finalise(h2);
  h1 = (h1 + h2) & MASK;
  h2 = (h2 + h1) & MASK;
  return hex64(h1) + hex64(h2);
}

function mixFirst(block: bigint): bigint {
  return (rotate((block * C1) & MASK, 31n) * C2) & MASK;
}

function mixSecond(block: bigint): bigint {
  return (rotate((block * C2) & MASK, 33n) * C1) & MASK;
}

function rotate(value: bigint, by: bigint): bigint {
  return ((value << by) | (value >> (64n - by))) & MASK;
}

function finalise(value: bigint): bigint {
  let mixed = value ^ (value >> 33n);
  mixed = (mixed * 0xff51afd7ed558ccdn) & MASK;
  mixed ^= mixed >> 33n;
  mixed = (mixed * 0xc4ceb9fe1a85ec53n) & MASK;
  return mixed ^ (mixed >> 33n);
}

function hex64(value: bigint): string {
  return value.toString(16).padStart(16, '0');
}
