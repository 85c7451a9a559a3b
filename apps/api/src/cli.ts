import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { parseArgs } from 'node:util';
import { processEnvironment } from '@castellan/config';
import { AdminClient, CliProblem } from './cli/admin-client';
import { bootstrap, newOrganisation, newUser, usage, type Terminal } from './cli/commands';

/**
 * npm run cli -- bootstrap --org "Acme" --email ada@acme.example
 *
 * Sets up an installation that runs, by the operator’s plane: from outside, and inside the container of the API, whose
 * environment has all that it needs.
 */

/** Asks people, and shows no password while it is typed. */
const terminal = (): Terminal & { close: () => void } => {
  let isHidden = false;
  const output = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      if (!isHidden) process.stdout.write(chunk);
      done();
    },
  });
  const lines = createInterface({ input: process.stdin, output, terminal: process.stdin.isTTY });
  // Not `question`, which throws away what a pipe has sent before it was asked.
  const answers = lines[Symbol.asyncIterator]();
  const answer = async (question: string): Promise<string> => {
    process.stdout.write(`${question}: `);
    const line = await answers.next();
    if (line.done === true) throw new CliProblem('The answers ended too early');
    return line.value;
  };
  return {
    say: (text) => process.stdout.write(`${text}\n`),
    ask: answer,
    askHidden: async (question) => {
      isHidden = true;
      try {
        return await answer(question);
      } finally {
        isHidden = false;
        process.stdout.write('\n');
      }
    },
    close: () => {
      lines.close();
    },
  };
};

const read = () =>
  parseArgs({
    allowPositionals: true,
    options: {
      org: { type: 'string' },
      slug: { type: 'string' },
      email: { type: 'string' },
      'first-name': { type: 'string' },
      'last-name': { type: 'string' },
      neworg: { type: 'boolean' },
      newuser: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });

const run = async (): Promise<void> => {
  const { values, positionals } = read();
  const people = terminal();
  try {
    const isBootstrap = positionals.length === 1 && positionals[0] === 'bootstrap';
    if (values.help === true || (!isBootstrap && values.neworg !== true && values.newuser !== true)) {
      people.say(usage);
      if (values.help !== true) process.exitCode = 2;
      return;
    }
    const client = AdminClient.of(processEnvironment());
    if (isBootstrap) await bootstrap(client, people, values);
    if (values.neworg === true) await newOrganisation(client, people);
    if (values.newuser === true) await newUser(client, people);
  } finally {
    people.close();
  }
};

run().catch((error: unknown) => {
  const isOurs = error instanceof CliProblem || (error instanceof TypeError && 'code' in error);
  process.stderr.write(`${isOurs || !(error instanceof Error) ? String(error) : (error.stack ?? error.message)}\n`);
  process.exitCode = 1;
});
