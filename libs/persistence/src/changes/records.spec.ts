import { newObjectId, toOrganisationId } from '../ids';
import type { ChangeContext } from './change-context';
import '../kinds/kinds';
import { auditOf, diffOf, recordLimits, revisionOf, toldOf } from './records';
import type { Change } from './unit-of-work';

const at = new Date('2026-01-02T03:04:05Z');

const context: ChangeContext = {
  organisation: toOrganisationId(newObjectId()),
  actor: { kind: 'user', id: '54b53e4ceba6db5c35000003', name: 'ada@acme.example' },
  action: 'Update API',
  request: { id: 'request-1', method: 'PUT', path: '/api/apis/x', ip: '10.0.0.1' },
  reason: 'because',
};

const aChange = (overrides: Partial<Change> = {}): Change => ({
  kind: 'api',
  id: newObjectId(),
  operation: 'update',
  version: 2,
  before: '{"name":"old","secret":"s3cr3t-before"}',
  after: '{"name":"new","secret":"s3cr3t-after"}',
  digest: 'digest',
  key: null,
  effects: [{ command: 'ApiUpdated', payload: '' }],
  replaced: null,
  ...overrides,
});

describe('promise 2: what commits together', () => {
  it('writes a revision with the whole state, who, why and by which request', () => {
    const change = aChange();
    const revision = revisionOf(context, at, change, diffOf(change));
    expect(revision).toMatchObject({
      kind: 'api',
      resourceId: change.id,
      number: 2,
      operation: 'update',
      document: change.after,
      actor: context.actor,
      reason: 'because',
      requestId: 'request-1',
      at,
    });
    expect(revision?.diff).toContain('new');
  });

  it('writes an audit record that names what was done to what', () => {
    const change = aChange();
    expect(auditOf(context, at, [change], [diffOf(change)])).toMatchObject({
      at,
      actor: context.actor,
      action: 'Update API',
      method: 'PUT',
      path: '/api/apis/x',
      status: 200,
      ip: '10.0.0.1',
      requestId: 'request-1',
      refusal: '',
      changes: [{ kind: 'api', id: change.id.toString(), operation: 'update', version: 2 }],
    });
  });

  it('tells nodes each reload once, and caches of every change', () => {
    const silent = aChange({ kind: 'user', effects: [] });
    expect(toldOf([silent], [])).toMatchObject({ effects: [], reload: false, complete: true });
    const policy = aChange({ kind: 'policy', effects: [{ command: 'PolicyChanged', payload: '' }] });
    const changes = [silent, aChange(), aChange(), policy];
    const told = toldOf(
      changes,
      changes.flatMap(({ effects }) => effects),
    );
    expect(told.effects.map(({ command }) => command)).toEqual(['ApiUpdated', 'PolicyChanged']);
    expect(told.changes.map(({ kind }) => kind)).toEqual(['user', 'api', 'api', 'policy']);
    expect(told.reload).toBe(true);
  });

  it('tells nodes everything that has a payload, in its order, and lets them not reload for it', () => {
    const effects = ['b', 'a', 'b'].map((payload) => ({ command: 'KeySpaceUpdateNotification', payload }));
    expect(toldOf([], effects)).toMatchObject({ effects, reload: false });
  });

  it('keeps no document of a kind whose history is one of digests, nor its values', () => {
    const person = (name: string) => JSON.stringify({ first_name: name, active: true });
    const change = aChange({ kind: 'user', before: person('Ada'), after: person('Grace') });
    const diff = diffOf(change);
    const revision = revisionOf(context, at, change, diff);
    expect(revision).toMatchObject({ document: null, digest: 'digest' });
    expect(JSON.parse(revision?.diff ?? '')).toMatchObject([{ path: '/first_name', op: 'replace' }]);
    expect(revision?.diff).not.toMatch(/Ada|Grace/);
    const audit = auditOf(context, at, [change], [diff]);
    expect(audit.diff).toContain('/first_name');
    expect(audit.diff).not.toMatch(/Ada|Grace/);
    const created = aChange({ kind: 'user', before: null, after: person('Ada') });
    const record = auditOf(context, at, [created], [diffOf(created)]).diff;
    expect(record).not.toContain('Ada');
    expect(record).toContain('"active":true');
  });

  it('stays within what MongoDB can hold, however large a change is', () => {
    const large = JSON.stringify({ text: 'x'.repeat(600 * 1024) });
    const change = aChange({ before: null, after: large });
    expect(revisionOf(context, at, change, diffOf(change))).toMatchObject({ document: large, diff: null });
    expect(auditOf(context, at, [change], [diffOf(change)]).diff).toBeNull();
    const many = Array.from({ length: 5_000 }, () => aChange());
    expect(auditOf(context, at, many, many.map(diffOf)).changes.length).toBeLessThanOrEqual(1_000);
    const told = toldOf(many, []);
    expect([told.changes.length, told.complete]).toEqual([recordLimits.namedChanges, false]);
  });
});

describe('promise 9: secrets stay secret', () => {
  it('redacts them in the audit record', () => {
    const change = aChange({
      before: '{"auth":{"password":"s3cr3t-before"}}',
      after: '{"auth":{"password":"s3cr3t-after"}}',
    });
    const { diff } = auditOf(context, at, [change], [diffOf(change)]);
    expect(diff).toContain('[redacted]');
    expect(diff).not.toContain('s3cr3t');
  });
});
