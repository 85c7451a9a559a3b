import { z } from 'zod';

/** A secret that says whose it is. */
export interface NamedSecret {
  readonly name: string;
  readonly secret: string;
}

const nameForm = /^[a-z][\w.@-]{0,63}$/i;
const shortest = 16;
/** An old one and the one that takes its place. */
const mostOfOneName = 2;
const most = 100;

/**
 * Reads secrets with their names: `name:secret`, one a line or separated by commas. Lines that begin with `#` are nobody's. What
 * is wrong is said without a word of what stands there.
 */
export const readNamedSecrets = (
  text: string,
): { readonly secrets: readonly NamedSecret[]; readonly problems: readonly string[] } => {
  const entries = text
    .split(/[,\n]/)
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '' && !entry.startsWith('#'));
  const problems: string[] = [];
  const secrets: NamedSecret[] = [];
  for (const [index, entry] of entries.entries()) {
    const [, name = '', secret = ''] = /^([^:]*):(.*)$/s.exec(entry) ?? [];
    const place = `has, as entry ${index + 1},`;
    if (!nameForm.test(name)) problems.push(`${place} no name:secret with a name of letters, digits, ".", "_" and "-"`);
    else if (secret.length < shortest || /\s/.test(secret)) {
      problems.push(`${place} a secret of less than ${shortest} characters, or with spaces in it`);
    } else secrets.push({ name, secret });
  }
  if (new Set(secrets.map(({ secret }) => secret)).size < secrets.length) problems.push('has the same secret twice');
  if (secrets.length > most) problems.push(`has more than ${most} secrets`);
  for (const name of new Set(secrets.map((one) => one.name))) {
    const ofName = secrets.filter((one) => one.name === name);
    if (ofName.length > mostOfOneName) problems.push(`has more than ${mostOfOneName} secrets of the name ${name}`);
  }
  return { secrets, problems };
};

/** Named secrets as a setting. */
export const namedSecrets = z.string().transform((text, context) => {
  const { secrets, problems } = readNamedSecrets(text);
  for (const message of problems) context.addIssue({ code: 'custom', message });
  return secrets;
});
