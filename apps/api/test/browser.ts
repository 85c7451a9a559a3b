import type { HttpClient, JsonReply, Reply } from '@castellan/testing';
import { textOf } from '@castellan/testing';

/** As much of a browser as sessions need: it keeps cookies, says where its pages are from, and shows the token. */
export class Browser {
  private readonly cookies = new Map<string, string>();
  private csrf = '';

  constructor(private readonly client: HttpClient) {}

  get origin(): string {
    return this.client.baseUrl;
  }

  get cookieHeader(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  get token(): string {
    return this.csrf;
  }

  forget(name: string): void {
    this.cookies.delete(name);
  }

  /** Calls as a page of the API's own address does; headers that are given come in the place of that. */
  async call(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Reply> {
    const own = { origin: this.origin, 'sec-fetch-site': 'same-origin', 'x-csrf-token': this.csrf };
    const sent = Object.entries({ ...own, cookie: this.cookieHeader, ...headers }).filter(([, value]) => value !== '');
    const reply = await this.client.call(method, path, { body, headers: Object.fromEntries(sent) });
    this.keep(reply);
    return reply;
  }

  async logIn(
    credentials: Readonly<Record<string, unknown>>,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Reply> {
    const reply = await this.call('POST', '/login', credentials, headers);
    if (reply.status === 200) this.csrf = textOf(reply.json['Meta']?.['csrf_token']);
    return reply;
  }

  private keep({ headers }: Reply): void {
    for (const line of headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '' || /expires=Thu, 01 Jan 1970/i.test(line)) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    this.csrf = headers.get('x-csrf-token') ?? this.csrf;
  }
}

/** The ids of sessions in a list. */
export const sessionIds = (json: JsonReply): readonly string[] => {
  const { sessions } = json;
  if (!Array.isArray(sessions)) throw new Error(`Expected sessions, got ${JSON.stringify(json)}`);
  return sessions.map((session: JsonReply) => textOf(session['id']));
};
