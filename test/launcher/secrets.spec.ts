import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setupTokenOf } from '../../apps/api/src/setup/setup-token';
import { evaluate, fields, folder, removeFolders } from './tools';

const ensureSecrets = (dataDir: string, env: Record<string, string> = {}): unknown =>
  evaluate(`import { ensureSecrets } from './tools/lib/secrets.mjs'; answer(ensureSecrets(...input));`, [dataDir, env]);
const modeOf = (file: string): number => statSync(file).mode & 0o777;

describe('the secrets of an installation', () => {
  afterAll(removeFolders);

  it('are made once, for the owner’s eyes only, and differ between installations', () => {
    const dataDir = folder();
    const first = ensureSecrets(dataDir);
    const secret: unknown = expect.stringMatching(/^[0-9a-f]{48}$/);
    expect(first).toEqual({ adminSecret: secret, nodeSecret: secret, gatewaySecret: secret, secretKey: secret });
    expect(ensureSecrets(dataDir)).toEqual(first);
    expect(modeOf(join(dataDir, 'secrets.json'))).toBe(0o600);
    expect(ensureSecrets(folder())).not.toEqual(first);
  });

  it('yield to the environment, which is not written down', () => {
    const dataDir = folder();
    const stored = ensureSecrets(dataDir);
    const given = ensureSecrets(dataDir, { CASTELLAN_NODE_SECRET: 'from-the-environment' });
    expect(given).toEqual({ ...fields(stored), nodeSecret: 'from-the-environment' });
    expect(readFileSync(join(dataDir, 'secrets.json'), 'utf8')).not.toContain('from-the-environment');
    expect(ensureSecrets(dataDir)).toEqual(stored);
  });

  it('may stand in files that the environment names, and not in both', () => {
    const dataDir = folder();
    const file = join(dataDir, 'admin');
    writeFileSync(file, 'from-a-file-of-its-own\n');
    const read = (env: Record<string, string>): unknown =>
      evaluate(
        `import { withSecretFiles } from './tools/lib/secrets.mjs';
        try { answer(withSecretFiles(input)); } catch (error) { answer(error.message); }`,
        env,
      );
    const others = { CASTELLAN_ADMIN_SECRETS_FILE: '/somewhere', PATH: '/bin' };
    expect(read({ CASTELLAN_ADMIN_SECRET_FILE: file, ...others })).toEqual({
      CASTELLAN_ADMIN_SECRET: 'from-a-file-of-its-own',
      ...others,
    });
    expect(read({ CASTELLAN_ADMIN_SECRET_FILE: file, CASTELLAN_ADMIN_SECRET: 'x' })).toMatch(/both set/);
    expect(read({ CASTELLAN_REDIS_URL_FILE: join(dataDir, 'none') })).toMatch(/cannot be read \(ENOENT\)/);
  });

  it('keep what a shortened or wide-open file still says, and close it', () => {
    const dataDir = folder();
    writeFileSync(join(dataDir, 'secrets.json'), '{"adminSecret":"the-old-admin-secret"}', { mode: 0o644 });
    const secrets = ensureSecrets(dataDir);
    expect(secrets).toMatchObject({ adminSecret: 'the-old-admin-secret' });
    expect(ensureSecrets(dataDir)).toEqual(secrets);
    expect(modeOf(join(dataDir, 'secrets.json'))).toBe(0o600);
  });

  it('are not made by who only asks for them', () => {
    const dataDir = folder();
    const known = evaluate(
      `import { knownSecrets } from './tools/lib/secrets.mjs'; answer(knownSecrets(input, {}));`,
      dataDir,
    );
    expect(known).toEqual({});
    expect(existsSync(join(dataDir, 'secrets.json'))).toBe(false);
  });

  it('lead to the token of the first run that the API asks for', () => {
    const adminSecret = 'an-admin-secret-of-tests';
    const token = evaluate(`import { setupTokenOf } from './tools/lib/secrets.mjs'; answer(setupTokenOf(input));`, {
      adminSecret,
    });
    expect(token).toBe(setupTokenOf(adminSecret));
  });
});
