import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { evaluate, folder, removeFolders } from './tools';

afterAll(removeFolders);

const write = (file: string, content: string, seconds = 1_000): void => {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  utimesSync(file, seconds, seconds);
};

describe('what is installed', () => {
  const packages = (more: object = {}): string =>
    JSON.stringify({ packages: { 'node_modules/a': { version: '1.0.0', integrity: 'x' }, ...more } });
  const locked = (more: object = {}): string => packages({ '': { name: 'castellan' }, ...more });
  const isCurrent = (where: string): unknown =>
    evaluate(
      `import { dependenciesAreCurrent } from './tools/lib/installed.mjs'; answer(dependenciesAreCurrent(input));`,
      where,
    );

  it.each([
    { what: 'nothing', current: false, installed: undefined, lock: locked(), lockTime: 1_000 },
    { what: 'newer than the lock file', current: true, installed: packages(), lock: locked(), lockTime: 900 },
    {
      what: 'the same, checked out again later',
      current: true,
      installed: packages(),
      lock: locked(),
      lockTime: 1_100,
    },
    {
      what: 'lacking a package',
      current: false,
      installed: packages(),
      lock: locked({ 'node_modules/b': { version: '1.0.0' } }),
      lockTime: 1_100,
    },
    {
      what: 'lacking only an optional package, for another system',
      current: true,
      installed: packages(),
      lock: locked({ 'node_modules/b': { version: '1.0.0', optional: true } }),
      lockTime: 1_100,
    },
    {
      what: 'of another version',
      current: false,
      installed: packages({ 'node_modules/a': { version: '0.9.0', integrity: 'x' } }),
      lock: locked(),
      lockTime: 1_100,
    },
    {
      what: 'more than the lock file says',
      current: false,
      installed: packages({ 'node_modules/b': { version: '1.0.0' } }),
      lock: locked(),
      lockTime: 1_100,
    },
  ])('$what: current is $current', ({ current, installed, lock, lockTime }) => {
    const where = folder();
    write(join(where, 'package-lock.json'), lock, lockTime);
    if (installed !== undefined) write(join(where, 'node_modules', '.package-lock.json'), installed);
    expect(isCurrent(where)).toBe(current);
    // It remembers: a second look gives the same answer.
    expect(isCurrent(where)).toBe(current);
  });
});

describe('what a build has read', () => {
  const print = (where: string): unknown =>
    evaluate(
      `import { fingerprint } from './tools/lib/fingerprint.mjs';
       answer(fingerprint(input, { sources: ['apps/api', 'libs'], without: /spec\\.ts$/ }));`,
      where,
    );
  const sources = (): string => {
    const where = folder();
    write(join(where, 'apps/api/src/main.ts'), 'main');
    write(join(where, 'libs/dto/src/index.ts'), 'index');
    write(join(where, 'tsconfig.json'), '{}');
    return where;
  };

  it('is the same for the same content, whatever its time and place', () => {
    const where = sources();
    const before = print(where);
    utimesSync(join(where, 'apps/api/src/main.ts'), 5_000, 5_000);
    expect(print(where)).toBe(before);
    expect(print(sources())).toBe(before);
  });

  it.each([
    ['apps/api/src/main.ts', 'changed'],
    ['apps/api/src/new.ts', 'main'],
    ['libs/dto/src/index.ts', 'changed'],
    ['tsconfig.json', '{"compilerOptions":{}}'],
  ])('changes with %s', (file, content) => {
    const where = sources();
    const before = print(where);
    write(join(where, file), content);
    expect(print(where)).not.toBe(before);
  });

  it.each(['apps/api/src/main.spec.ts', 'apps/host-manager/src/main.ts', 'README.md'])('does not read %s', (file) => {
    const where = sources();
    const before = print(where);
    write(join(where, file), 'x');
    expect(print(where)).toBe(before);
  });
});
