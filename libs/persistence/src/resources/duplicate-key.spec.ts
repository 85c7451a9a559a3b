import { duplicateKeyOf } from './duplicate-key';

describe('duplicateKeyOf', () => {
  const details = { keyPattern: { orgId: 1, email: 1 }, keyValue: { orgId: 'o', email: 'a@b' } };

  it('reads the index and the values, wherever the driver has put them', () => {
    const expected = { fields: ['orgId', 'email'], values: { orgId: 'o', email: 'a@b' } };
    expect(duplicateKeyOf({ code: 11000, ...details })).toEqual(expected);
    expect(duplicateKeyOf({ code: 11000, errorResponse: details })).toEqual(expected);
  });

  it('is still a duplicate when the server does not say of what', () => {
    expect(duplicateKeyOf({ code: 11000 })).toEqual({ fields: [], values: {} });
    expect(duplicateKeyOf({ code: 11000, keyPattern: { apiId: 1 } })).toEqual({ fields: ['apiId'], values: {} });
  });

  it.each([null, undefined, 'E11000', new Error('E11000'), { code: 112 }, {}])('is nothing else: %p', (error) => {
    expect(duplicateKeyOf(error)).toBeNull();
  });
});
