import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { apps, hasCredentials, isSecretName, reads } from './apps';
import { copiesOf, environmentOf, reachesBuilder, stagesOf, textOfOnly, textsOf, type Stage } from './dockerfile';
import { probe } from './probe';
import { isPinned, projectOf, root } from './repository';

const asList = (text: string): string[] => z.array(z.string()).parse(JSON.parse(text));

const lastOf = (stages: readonly Stage[]): Stage => {
  const last = stages.at(-1);
  if (last === undefined) throw new Error('The Dockerfile has no stage');
  return last;
};

describe.each(apps)('the image of $name', (app) => {
  const stages = stagesOf(app.dockerfile);
  const runtime = lastOf(stages);
  const { root: sources, entry } = projectOf(app.name);

  it('starts the file that nest-cli.json has built, in exec form', () => {
    const command = asList(textOfOnly(runtime, 'CMD'));
    expect(command[0]).toBe('node');
    expect(command.at(-1)).toBe(entry);
    const copied = copiesOf(runtime).map(({ target }) => target);
    expect(copied).toEqual(expect.arrayContaining(['node_modules', 'dist/libs', `dist/${sources}`]));
    expect(stages.flatMap((stage) => textsOf(stage, 'RUN'))).toContain(`npx nest build ${app.name}`);
  });

  it('copies what is in the repository and passes .dockerignore, or comes from an earlier stage', () => {
    for (const [index, stage] of stages.entries()) {
      const earlier = stages.slice(0, index).map(({ name }) => name);
      for (const { from, sources: copied } of copiesOf(stage)) {
        if (from !== null) expect(earlier).toContain(from);
        else expect(copied.filter((path) => !existsSync(join(root, path)) || !reachesBuilder(path))).toEqual([]);
      }
    }
  });

  it('brings the sources that are compiled, and nothing of the folder that is built into the last stage', () => {
    const copied = stages.flatMap(copiesOf).flatMap(({ from, sources: paths }) => (from === null ? paths : []));
    expect(copied).toEqual(expect.arrayContaining(['libs', sources, 'tsconfig.json', 'nest-cli.json']));
    expect(copiesOf(runtime).filter(({ from }) => from === null)).toEqual([]);
  });

  it('stands on a pinned image, and installs what the lock file says, without development packages', () => {
    const names = stages.map(({ name }) => name);
    expect(stages.filter(({ base }) => !names.includes(base) && !isPinned(base))).toEqual([]);
    const installs = stages.flatMap((stage) =>
      textsOf(stage, 'RUN')
        .filter((text) => text.startsWith('npm'))
        .map((text) => [stage.name, text]),
    );
    expect(installs).toEqual([
      ['build', 'npm ci'],
      ['dependencies', 'npm ci --omit=dev'],
    ]);
    const modules = copiesOf(runtime).find(({ target }) => target === 'node_modules');
    expect(modules?.from).toBe('dependencies');
  });

  it('runs for production, as a user by number who is not root, and stops by SIGTERM', () => {
    const [user] = textOfOnly(runtime, 'USER').split(':');
    expect(Number(user)).toBeGreaterThan(0);
    expect(textOfOnly(runtime, 'STOPSIGNAL')).toBe('SIGTERM');
    expect(environmentOf(runtime)).toMatchObject({ NODE_ENV: 'production' });
  });

  it('listens to the outside, on the port that it exposes', () => {
    const environment = environmentOf(runtime);
    expect(environment[app.hostVariable]).toBe('0.0.0.0');
    expect(environment[app.portVariable]).toBe(textOfOnly(runtime, 'EXPOSE'));
  });

  it('sets only what the app reads, and no secret', () => {
    const environment = environmentOf(runtime);
    const own = Object.keys(environment).filter((name) => name !== 'NODE_ENV');
    expect(own.filter((name) => !reads(app, name))).toEqual([]);
    expect(own.filter((name) => isSecretName(name))).toEqual([]);
    expect(stages.flatMap(({ instructions }) => instructions).filter(({ text }) => hasCredentials(text))).toEqual([]);
  });

  it.each([
    [200, 0],
    [503, 1],
    [null, 1],
  ])('calls itself alive when /health/live answers %p: exit code %p', async (status, code) => {
    const check = textOfOnly(runtime, 'HEALTHCHECK');
    const [, flag, script = ''] = asList(check.slice(check.indexOf('CMD ') + 'CMD '.length));
    expect(flag).toBe('-e');
    const result = await probe((port) => ({ script, environment: { [app.portVariable]: port } }), status);
    expect(result).toEqual({ code, asked: status === null ? [] : ['/health/live'] });
  });
});

describe('.dockerignore', () => {
  it.each(['.env', '.env.production', 'apps/api/.env', '.data/secrets.json', '.git/config', 'node_modules/x/index.js'])(
    'keeps %s from the builder',
    (path) => {
      expect(reachesBuilder(path)).toBe(false);
    },
  );

  it.each([
    'libs/testing/src/index.ts',
    'apps/api/test/api-under-test.ts',
    'libs/config/src/load.spec.ts',
    'dist/x.js',
  ])('leaves out %s, which no image needs', (path) => {
    expect(reachesBuilder(path)).toBe(false);
  });

  it.each(['apps/api/src/main.ts', 'libs/config/src/index.ts', 'package-lock.json'])('lets %s through', (path) => {
    expect(existsSync(join(root, path))).toBe(true);
    expect(reachesBuilder(path)).toBe(true);
  });
});
