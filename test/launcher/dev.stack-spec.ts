import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, freePort } from '@castellan/testing';
import { alive, installation, Launcher } from './launcher';
import { evaluate, folder, removeFolders, root } from './tools';

/** The source that somebody works on. */
const saved = 'apps/api/src/system/version.ts';
const copied = ['apps', 'libs', 'tools', 'dist', 'package.json', 'package-lock.json', 'nest-cli.json', 'tsconfig.json'];

/** A copy of the repository: what is saved in this one, other tests would run. */
const copyOfRepository = (): string => {
  const where = folder();
  for (const name of copied) cpSync(join(root, name), join(where, name), { recursive: true, preserveTimestamps: true });
  symlinkSync(join(root, 'node_modules'), join(where, 'node_modules'));
  // Compiling everything anew is what costs; the apps run what was built, and one file is enough to be saved.
  const settings = join(where, 'tools', 'tsconfig.build.json');
  const text = readFileSync(settings, 'utf8');
  writeFileSync(settings, text.replace(/"include": .*/, `"include": ["../${saved}"],`));
  // What was built is of these sources all the same.
  const stamp = evaluate(
    `import { buildSources, fingerprint } from './tools/lib/fingerprint.mjs'; answer(fingerprint(input, buildSources));`,
    where,
  );
  writeFileSync(join(where, 'dist', '.built'), `${String(stamp)}\n`);
  return where;
};

describe('npm run dev', () => {
  let launcher: Launcher;
  let where: string;
  let settings: Readonly<Record<string, string>>;

  beforeAll(async () => {
    where = copyOfRepository();
    settings = { ...(await installation()), CASTELLAN_REDIS_PORT: String(await freePort()) };
    launcher = new Launcher(settings, { script: 'dev', where });
  });
  afterAll(async () => {
    launcher.kill('SIGTERM');
    await launcher.down();
    removeFolders();
  });

  it('starts the app again whose source was saved, keeps databases and data, says what does not compile, and ends in order', async () => {
    await launcher.up();
    const [url, secret] = [launcher.line('API'), launcher.line('Admin secret')];
    const versionNow = async (): Promise<string | undefined> => {
      const reply = await fetch(`${url}/hello`).then(
        (answer) => answer.text(),
        () => '',
      );
      return /"version":"([^"]*)"/.exec(reply)?.[1];
    };
    const organisations = (init: RequestInit = {}): Promise<Response> =>
      fetch(`${url}/admin/organisations`, { ...init, headers: { 'admin-auth': secret } });
    expect((await organisations({ method: 'POST', body: '{"owner_name":"Kept"}' })).status).toBe(200);
    const before = await versionNow();
    const servers = alive(settings);

    const file = join(where, saved);
    const source = readFileSync(file, 'utf8');
    await eventually(() => launcher.output.includes('Compiled.'));
    writeFileSync(file, source.replace(/'.*'/, "'saved-just-now'"));
    await eventually(async () => (await versionNow()) === 'saved-just-now', { intervalMs: 100 });
    expect(before).not.toBe('saved-just-now');
    expect(await (await organisations()).text()).toContain('Kept');
    expect(alive(settings)).toEqual(servers);

    writeFileSync(file, `${source}export const wrong: number = 'no number';\n`);
    await eventually(() => /version\.ts.*error TS\d+/.test(launcher.output));
    expect(launcher.hasEnded).toBe(false);

    launcher.kill('SIGTERM');
    await launcher.down();
    expect(launcher.exitCode).toBe(0);
    expect(alive(settings)).toEqual([]);
  });
});
