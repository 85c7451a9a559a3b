import { CliProblem, type AdminClient } from './admin-client';

export const usage = `npm run cli -- bootstrap --org <name> --email <address> [--slug <slug>] [--first-name <name>] [--last-name <name>]
    Makes an organisation and its administrator, and prints the access key, which is shown only once.

npm run cli -- --neworg
npm run cli -- --newuser
npm run cli -- --neworg --newuser
    Ask for what they need.`;

/** Whoever sits before it. */
export interface Terminal {
  readonly say: (text: string) => void;
  readonly ask: (question: string) => Promise<string>;
  readonly askHidden: (question: string) => Promise<string>;
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const fieldOf = (value: unknown, name: string): string =>
  typeof value === 'object' && value !== null ? textOf(Reflect.get(value, name)) : '';

/** @throws CliProblem */
export const bootstrap = async (
  client: AdminClient,
  { say }: Terminal,
  given: Readonly<Record<string, string | boolean | undefined>>,
): Promise<void> => {
  const [owner, email] = [textOf(given['org']), textOf(given['email'])];
  if (owner === '' || email === '') throw new CliProblem('bootstrap needs --org and --email');
  const reply = await client.post('/admin/bootstrap', {
    owner_name: owner,
    email_address: email,
    owner_slug: textOf(given['slug']),
    first_name: textOf(given['first-name']),
    last_name: textOf(given['last-name']),
  });
  say(`Organisation ID: ${fieldOf(reply['Meta'], 'org_id')}`);
  say(`User ID: ${fieldOf(reply['Meta'], 'user_id')}`);
  say(`Access key: ${textOf(reply['Message'])}`);
  say('The access key is shown only now.');
};

/** Asks for an organisation in the words of the program that scripts were written for. */
export const newOrganisation = async (client: AdminClient, { ask, say }: Terminal): Promise<void> => {
  const name = (await ask('Organisation name')).trim();
  if (name === '') throw new CliProblem('An organisation needs a name');
  const slug = (await ask('Organisation slug')).trim();
  const reply = await client.post('/admin/organisations', { owner_name: name, owner_slug: slug });
  say(`New organisation ID: ${textOf(reply['Meta'])}`);
};

/** The same for a user, of one of the organisations that there are or, as a super user, of none. */
export const newUser = async (client: AdminClient, terminal: Terminal): Promise<void> => {
  const { ask, say } = terminal;
  const firstName = (await ask('First name')).trim();
  const lastName = (await ask('Last name')).trim();
  const email = (await ask('Email address')).trim();
  const organisation = await chooseOrganisation(client, terminal);
  const password = await terminal.askHidden('Password');
  if (password !== (await terminal.askHidden('Password again'))) throw new CliProblem('The passwords differ');
  const reply = await client.post('/admin/users', {
    first_name: firstName,
    last_name: lastName,
    email_address: email,
    org_id: organisation,
    // A super user has every right, and is given none.
    ...(organisation === '' ? {} : { user_permissions: { IsAdmin: 'admin', ResetPassword: 'admin' } }),
    ...(password === '' ? {} : { password }),
  });
  say(`New user ID: ${fieldOf(reply['Meta'], 'id')}`);
  say(`Access key: ${textOf(reply['Message'])}`);
  say('The access key is shown only now.');
};

const chooseOrganisation = async (client: AdminClient, { ask, say }: Terminal): Promise<string> => {
  const { organisations } = await client.get('/admin/organisations?p=-1');
  const all: readonly unknown[] = Array.isArray(organisations) ? organisations : [];
  for (const [index, organisation] of all.entries()) say(`${index}. ${fieldOf(organisation, 'owner_name')}`);
  say('-1 for empty: a super user, who administers every organisation');
  const answer = (await ask('Organisation (number)')).trim();
  if (answer === '-1') return '';
  const chosen = /^\d+$/.test(answer) ? all[Number(answer)] : undefined;
  if (chosen === undefined) throw new CliProblem('There is no organisation of that number; --neworg makes one');
  return fieldOf(chosen, 'id');
};
