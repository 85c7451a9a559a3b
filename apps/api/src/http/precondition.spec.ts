import fc from 'fast-check';
import { CastellanError, VersionMismatch } from '@castellan/dto';
import { etagOf, isFresh, Precondition } from './precondition';

const version = fc.integer({ min: 1, max: 1_000_000 });

const refusalOf = (check: () => void): unknown => {
  try {
    check();
  } catch (error) {
    return error;
  }
  throw new Error('It passed');
};

describe('promise 8: no lost updates', () => {
  it('lets a write pass that names the current version, however a proxy has written it', () => {
    fc.assert(
      fc.property(version, (current) => {
        const forms = [
          etagOf(current),
          `W/${etagOf(current)}`,
          `"${current}-gzip"`,
          `"${current};br"`,
          `W/"${current}-gzip"`,
          ` "0" , ${etagOf(current)} `,
        ];
        for (const form of forms) Precondition.fromHeader(form).check(current);
      }),
    );
  });

  it('refuses one that names any other version, and says which is current', () => {
    fc.assert(
      fc.property(version, version, (named, current) => {
        fc.pre(named !== current);
        const error = refusalOf(() => {
          Precondition.fromHeader(etagOf(named)).check(current);
        });
        expect(error).toBeInstanceOf(VersionMismatch);
        expect(error).toMatchObject({ status: 412, meta: { version: current } });
      }),
    );
  });

  it.each(['7', '"x"', '""', 'W/7', '"7', '"7.0"', '""7""', ''])('takes %p for the tag of no version', (header) => {
    expect(() => {
      Precondition.fromHeader(header).check(7);
    }).toThrow(VersionMismatch);
  });

  it('lets * pass at every version', () => {
    for (const header of ['*', ' * ']) Precondition.fromHeader(header).check(3);
  });

  it('asks for nothing without a header, unless the organisation demands one', () => {
    Precondition.fromHeader(undefined).check(3);
    const error = refusalOf(() => {
      Precondition.none.check(3, true);
    });
    expect(error).toBeInstanceOf(CastellanError);
    expect(error).toMatchObject({ status: 428, code: 'precondition_required' });
    Precondition.fromHeader('"3"').check(3, true);
  });
});

describe('isFresh', () => {
  it('knows the version that the caller has', () => {
    expect(isFresh('"4"', 4)).toBe(true);
    expect(isFresh('"3", W/"4-gzip"', 4)).toBe(true);
    expect(isFresh('"3"', 4)).toBe(false);
    expect(isFresh(undefined, 4)).toBe(false);
    expect(isFresh('*', 4)).toBe(true);
  });
});
