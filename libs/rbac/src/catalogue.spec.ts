import fc from 'fast-check';
import { allows, givesSomething, sections, type Level, type Section } from './catalogue';

const anySection = fc.constantFrom(...(Object.keys(sections) as Section[]));
const anyLevel = fc.constantFrom<Level>('read', 'write');

describe('promise 7: default deny', () => {
  it('denies everything to somebody who was given nothing', () => {
    fc.assert(fc.property(anySection, anyLevel, (section, level) => !allows({}, section, level)));
  });

  it('gives exactly the section that was granted', () => {
    fc.assert(
      fc.property(anySection, anySection, anyLevel, (granted, asked, level) => {
        expect(allows({ [granted]: 'write' }, asked, level)).toBe(granted === asked);
      }),
    );
  });

  it('reads with read, and does not write', () => {
    expect(allows({ apis: 'read' }, 'apis', 'read')).toBe(true);
    expect(allows({ apis: 'read' }, 'apis', 'write')).toBe(false);
  });

  it('takes "deny" and unknown words for no', () => {
    expect(allows({ apis: 'deny' }, 'apis', 'read')).toBe(false);
    expect(allows({ apis: 'WRITE' }, 'apis', 'read')).toBe(false);
    expect(allows({ IsAdmin: 'false' }, 'apis', 'read')).toBe(false);
  });

  it('is not fooled by inherited names', () => {
    expect(allows(JSON.parse('{"__proto__":{"IsAdmin":"admin"}}') as Record<string, string>, 'apis', 'read')).toBe(
      false,
    );
  });

  it('knows both spellings of admin and of policies', () => {
    expect(allows({ IsAdmin: 'admin' }, 'audit_logs', 'write')).toBe(true);
    expect(allows({ IsAdmin: 'true' }, 'users', 'write')).toBe(true);
    expect(allows({ policy: 'read' }, 'policies', 'read')).toBe(true);
  });

  it('sees whether any right is given at all', () => {
    expect(givesSomething({})).toBe(false);
    expect(givesSomething({ apis: 'deny' })).toBe(false);
    expect(givesSomething({ apis: 'read' })).toBe(true);
  });
});
