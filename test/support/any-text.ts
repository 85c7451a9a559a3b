import * as fc from 'fast-check';

const surrogates = { from: 0xd800, count: 0x800 };

/** Any character there is. The unit `binary` of fast-check is the same, and makes a table of all million of them first. */
const anyCharacter = fc
  .nat(0x10_ffff - surrogates.count)
  .map((point) => String.fromCodePoint(point < surrogates.from ? point : point + surrogates.count));

/** Texts of any characters, and of those that ASCII has, among which are names that languages stumble over. */
export const anyText = (maxLength: number): fc.Arbitrary<string> =>
  fc.oneof(fc.string({ unit: anyCharacter, maxLength }), fc.string({ unit: 'binary-ascii', maxLength }));
