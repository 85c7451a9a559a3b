import { ConfigError, valueOf } from '@castellan/config';

/** What goes wrong in words that are enough for whoever typed the command. */
export class CliProblem extends Error {
  override toString(): string {
    return this.message;
  }
}

type Json = Readonly<Record<string, unknown>>;

const isJson = (value: unknown): value is Json => typeof value === 'object' && value !== null;

const secretOf = (environment: Readonly<Record<string, string | undefined>>): string => {
  try {
    return valueOf(environment, 'ADMIN_SECRET') ?? '';
  } catch (error) {
    throw error instanceof ConfigError ? new CliProblem(error.message) : error;
  }
};

/** The admin plane of the installation that the environment names. */
export class AdminClient {
  constructor(
    private readonly url: string,
    private readonly adminSecret: string,
  ) {}

  /** @throws CliProblem without an admin secret */
  static of(environment: Readonly<Record<string, string | undefined>>): AdminClient {
    const secret = secretOf(environment);
    if (secret === '') throw new CliProblem('CASTELLAN_ADMIN_SECRET is not set');
    const own = `http://127.0.0.1:${environment['CASTELLAN_API_PORT'] ?? '3000'}`;
    return new AdminClient((environment['CASTELLAN_API_URL'] ?? '') || own, secret);
  }

  get(path: string): Promise<Json> {
    return this.call('GET', path);
  }

  post(path: string, body: Json): Promise<Json> {
    return this.call('POST', path, body);
  }

  /** @throws CliProblem for every answer but a 200, in the words of the answer */
  private async call(method: string, path: string, body?: Json): Promise<Json> {
    const reply = await this.send(method, path, body);
    const answer: unknown = await reply.json().catch(() => null);
    const json = isJson(answer) ? answer : {};
    if (reply.ok) return json;
    const said = typeof json['Message'] === 'string' ? json['Message'] : `The API answered ${reply.status}`;
    throw new CliProblem(said);
  }

  private async send(method: string, path: string, body?: Json): Promise<Response> {
    try {
      return await fetch(`${this.url}${path}`, {
        method,
        headers: { 'admin-auth': this.adminSecret },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    } catch (cause) {
      throw new CliProblem(`The API does not answer at ${this.url}; is it running?`, { cause });
    }
  }
}
