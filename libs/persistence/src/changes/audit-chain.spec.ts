import { createHash } from 'node:crypto';
import { Types } from 'mongoose';
import { genesisSeal, sealOf } from './audit-chain';
import type { AuditRow } from './rows';

const record: AuditRow = {
  _id: new Types.ObjectId('672a83e2b0418b224440ce29'),
  orgId: new Types.ObjectId('66cf7f8db0418b1fbe91852b'),
  at: new Date('2025-01-23T13:14:09.007Z'),
  actor: { kind: 'user', id: '54b53e4ceba6db5c35000003', name: 'ada@acme.example' },
  action: 'Update API',
  method: 'PUT',
  path: '/api/apis/1',
  status: 200,
  ip: '127.0.0.1',
  requestId: 'r',
  reason: '',
  refusal: '',
  changes: [{ kind: 'api', id: '54c24242eba6db1c9a000002', operation: 'update', version: 2 }],
  diff: '[]',
};

describe('sealOf', () => {
  it('is what the decision record says, so that anybody can compute it with other tools', () => {
    const text =
      '{"_id":{"$oid":"672a83e2b0418b224440ce29"},"action":"Update API",' +
      '"actor":{"id":"54b53e4ceba6db5c35000003","kind":"user","name":"ada@acme.example"},' +
      '"at":{"$date":{"$numberLong":"1737638049007"}},' +
      '"changes":[{"id":"54c24242eba6db1c9a000002","kind":"api","operation":"update","version":{"$numberInt":"2"}}],' +
      '"diff":"[]","ip":"127.0.0.1","method":"PUT","orgId":{"$oid":"66cf7f8db0418b1fbe91852b"},' +
      '"path":"/api/apis/1","reason":"","refusal":"","requestId":"r","status":{"$numberInt":"200"}}';
    const expected = createHash('sha256').update(`${genesisSeal}${text}`).digest('hex');
    expect(sealOf(genesisSeal, record)).toBe(expected);
  });

  it('does not depend on the order of the fields, nor on being sealed', () => {
    const reversed = Object.fromEntries(Object.entries(record).reverse()) as unknown as AuditRow;
    expect(sealOf(genesisSeal, { ...reversed, pending: true, sequence: 4, seal: 'x' })).toBe(
      sealOf(genesisSeal, record),
    );
  });

  it.each([
    ['the seal before', sealOf('1'.repeat(64), record)],
    ['a value', sealOf(genesisSeal, { ...record, status: 403 })],
    ['a type', sealOf(genesisSeal, { ...record, orgId: '66cf7f8db0418b1fbe91852b' as unknown as Types.ObjectId })],
    ['a millisecond', sealOf(genesisSeal, { ...record, at: new Date('2025-01-23T13:14:09.008Z') })],
    ['a field more', sealOf(genesisSeal, { ...record, note: '' } as AuditRow)],
  ])('changes with %s', (_what, seal) => {
    expect(seal).not.toBe(sealOf(genesisSeal, record));
  });
});
