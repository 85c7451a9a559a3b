import fc from 'fast-check';
import { allows, sections, type Grants, type Section } from './catalogue';
import { describeRights, mayResetPasswords, nearest, readGrants, rightsBeyond, rightsOf, union } from './rights';

const names = [...Object.keys(sections), 'policy'];
const anyGrants: fc.Arbitrary<Grants> = fc
  .tuple(
    fc.dictionary(fc.constantFrom(...names), fc.constantFrom('read', 'write', 'deny', '')),
    fc.constantFrom({}, {}, {}, { IsAdmin: 'admin' }, { ResetPassword: 'admin' }),
  )
  .map(([some, flags]) => ({ ...some, ...flags }));

describe('what somebody wants to grant', () => {
  it('is read with both spellings of policies, and what gives nothing is left out', () => {
    expect(readGrants({ apis: 'read', policy: 'write', keys: 'deny', users: '' })).toEqual({
      grants: { apis: 'read', policy: 'write' },
      problems: [],
    });
  });

  it.each([
    [{ api: 'read' }, 'api', 'apis'],
    [{ isAdmin: 'admin' }, 'isAdmin', 'IsAdmin'],
    [{ audit_log: 'read' }, 'audit_log', 'audit_logs'],
    [{ constructor: 'read' }, 'constructor', ''],
  ])('names the nearest permission for %j', (wanted, name, meant) => {
    const { grants, problems } = readGrants(wanted);
    expect(grants).toEqual({});
    expect(problems).toHaveLength(1);
    expect(problems[0]?.name).toBe(name);
    expect(problems[0]?.message).toContain(meant);
  });

  it.each([[{ apis: true }], [{ apis: 'admin' }], [{ apis: 'WRITE' }], [{ IsAdmin: 'write' }], [{ apis: null }]])(
    'names the values that there are for %j',
    (wanted) => {
      expect(readGrants(wanted).problems[0]?.message).toMatch(/^must be one of/);
    },
  );

  it('may name sections that the organisation added', () => {
    const additional = { billing: 'Invoices' };
    expect(readGrants({ billing: 'write' }, additional).problems).toEqual([]);
    expect(rightsOf({ billing: 'write' }, additional)).toEqual(['billing:read', 'billing:write']);
    expect(rightsBeyond({}, { billing: 'read' }, additional)).toEqual(['billing:read']);
    expect(describeRights(additional).map(({ name }) => name)).toContain('billing');
  });
});

describe('rights beyond one’s own', () => {
  it('are none exactly when every act that the other may do, one may do oneself', () => {
    fc.assert(
      fc.property(anyGrants, anyGrants, (own, other) => {
        const covered =
          Object.keys(sections).every((name) =>
            (['read', 'write'] as const).every(
              (level) => allows(own, name as Section, level) || !allows(other, name as Section, level),
            ),
          ) &&
          (mayResetPasswords(own) || !mayResetPasswords(other)) &&
          (rightsOf(own).includes('IsAdmin') || !rightsOf(other).includes('IsAdmin'));
        expect(rightsBeyond(own, other).length === 0).toBe(covered);
      }),
    );
  });

  it('never appear by putting grants together that are covered', () => {
    fc.assert(
      fc.property(anyGrants, fc.array(anyGrants, { maxLength: 4 }), (own, others) => {
        const covered = others.filter((other) => rightsBeyond(own, other).length === 0);
        expect(rightsBeyond(own, union(covered))).toEqual([]);
      }),
    );
  });
});

describe('the union of grants', () => {
  it('gives exactly what one of them gives', () => {
    fc.assert(
      fc.property(fc.array(anyGrants, { maxLength: 4 }), (all) => {
        const together = [...new Set(all.flatMap((grants) => rightsOf(grants)))].sort();
        expect(rightsOf(union(all))).toEqual(together);
      }),
    );
  });

  it('of nothing gives nothing', () => {
    expect(rightsOf(union([]))).toEqual([]);
    expect(rightsOf(union([{}, {}]))).toEqual([]);
  });
});

describe('the nearest name', () => {
  it('is the name itself when there is one', () => {
    fc.assert(fc.property(fc.constantFrom(...names), (name) => nearest(name, names) === name));
  });
});
