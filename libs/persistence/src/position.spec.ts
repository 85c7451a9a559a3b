import fc from 'fast-check';
import { Types } from 'mongoose';
import { ValidationFailed } from '@castellan/dto';
import { decodePosition, encodePosition } from './position';

const anyValue = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.integer(),
  fc.date({ noInvalidDate: true }),
  fc
    .uint8Array({ minLength: 12, maxLength: 12 })
    .map((bytes) => new Types.ObjectId(Buffer.from(bytes).toString('hex'))),
);

describe('a position in a list', () => {
  it('is read as it was written, in the same order', () => {
    fc.assert(
      fc.property(fc.string(), fc.array(anyValue, { maxLength: 3 }), (order, values) => {
        const position = encodePosition(order, values);
        expect(position).toMatch(/^[\w-]*$/);
        expect(decodePosition(order, position)).toEqual(values);
        expect(() => decodePosition(`${order}x`, position)).toThrow(ValidationFailed);
      }),
    );
  });

  it('never becomes anything but a value: it goes into a query', () => {
    const forged = [['$gt', 1], ['d', 'x'], ['i', 'x'], { $ne: 1 }, ['s', { $ne: 1 }], null, 'x', ['n', null]];
    for (const part of forged) {
      const position = Buffer.from(JSON.stringify(['name', part])).toString('base64url');
      expect(() => decodePosition('name', position)).toThrow(ValidationFailed);
    }
  });

  it('is refused when it is anything else', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(() => decodePosition('name', text)).toThrow(ValidationFailed);
      }),
    );
  });
});
