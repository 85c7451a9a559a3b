import fc from 'fast-check';
import { Types } from 'mongoose';
import { isObjectIdText, newObjectId, toOrganisationId } from './ids';

describe('promise 6: tenants cannot see each other', () => {
  it('takes nothing but an id for an organisation', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        fc.pre(!/^[0-9a-f]{24}$/i.test(text));
        expect(() => toOrganisationId(text)).toThrow(TypeError);
      }),
    );
    for (const text of ['', '54b53d3aeba6db5c3500000', `54b53d3aeba6db5c35000002\n`, '*', 'undefined']) {
      expect(isObjectIdText(text)).toBe(false);
    }
  });

  it('knows an organisation by one text only, whatever the case it was written in', () => {
    expect(toOrganisationId('54B53D3AEBA6DB5C35000002')).toBe('54b53d3aeba6db5c35000002');
    expect(toOrganisationId(new Types.ObjectId('54b53d3aeba6db5c35000002'))).toBe('54b53d3aeba6db5c35000002');
  });

  it('makes ids that are ids', () => {
    expect(isObjectIdText(newObjectId().toString())).toBe(true);
  });
});
