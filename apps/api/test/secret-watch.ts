import type { Exchange } from '@castellan/testing';

/** Shorter ones stand in texts by chance. */
const shortest = 12;
/** Characters that are looked at, times secrets that are looked for: a second or two at the end of a file. */
const mostWork = 1_000_000_000;

type Fields = Readonly<Record<string, unknown>>;

/** A reply that is meant to show a secret, this once, and where it shows it. */
interface Showing {
  readonly what: string;
  readonly at: RegExp;
  readonly of: (reply: Fields, exchange: Exchange) => readonly unknown[];
}

const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** Most texts that stand where keys do are none. */
const isAccessKey = (value: unknown): boolean => typeof value === 'string' && /^[0-9a-f]{32}$/.test(value);

/** The replies that show secrets, each when it is made and never again. */
const showings: readonly Showing[] = [
  {
    what: 'access key of a user that the operator made',
    at: /^(POST|PUT) \/admin\/(users|bootstrap)/,
    of: ({ Message, Meta, AccessKey }) => [Message, fieldsOf(Meta)['access_key'], AccessKey].filter(isAccessKey),
  },
  {
    what: 'access key',
    at: /^POST \/api\/(users|setup)\/?$/,
    of: ({ AccessKey, Message }) => [AccessKey, Message].filter(isAccessKey),
  },
  {
    what: 'renewed access key',
    at: /^PUT \/api\/users\/[^/]+\/actions\/key\/reset/,
    of: ({ AccessKey }) => [AccessKey],
  },
  { what: 'nonce of single sign-on', at: /^POST \/(api|admin)\/sso/, of: ({ Meta }) => [Meta] },
  {
    what: 'second factor',
    at: /^POST \/api\/users\/[^/]+\/second-factor/,
    of: ({ Meta }) => [fieldsOf(Meta)['secret'], ...listOf(fieldsOf(Meta)['recovery_codes'])],
  },
  {
    what: 'token of a key',
    at: /^POST \/api\/(keys|apis\/keys)/,
    // Where nodes do not hash keys, the token is the name by which everybody knows the key.
    of: ({ key_id: token, key_hash: hash }) => (token === hash ? [] : [token]),
  },
  {
    what: 'secret of an OAuth client',
    at: /^(POST|PUT) \/api\/apis\/oauth\//,
    of: ({ secret }) => [secret],
  },
  {
    what: 'session',
    at: /^/,
    of: (_, { headers }) => headers.getSetCookie().map((line) => /^[^=]*session=([^;]+)/.exec(line)?.[1]),
  },
];

/** Fields of requests that hold secrets which no reply, log or record may repeat. */
const secretFields = new Set(['password', 'new_password', 'current_password']);

const secretsIn = (value: unknown): readonly unknown[] => {
  if (Array.isArray(value)) return value.flatMap(secretsIn);
  return Object.entries(fieldsOf(value)).flatMap(([name, inner]) =>
    secretFields.has(name) ? [inner] : secretsIn(inner),
  );
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/**
 * Promise 9 in every test: knows each secret that was issued to an app or by it, keeps what the app answered, logged and
 * recorded, and says in the end where one of them stands that was not shown there on purpose.
 */
export class SecretWatch {
  private readonly secrets = new Map<string, string>();
  private readonly texts: { readonly where: string; readonly text: string }[] = [];

  /** Notes a secret that exists from the beginning. */
  know(what: string, secret: string): void {
    this.learn(what, [secret]);
  }

  /** Takes a reply: what it shows on purpose is a secret from now on, and the rest of it is looked through in the end. */
  check(exchange: Exchange): void {
    const { method, path, status, headers, text, sent } = exchange;
    const at = `${method} ${path}`;
    if (status < 400) this.learn('a password', secretsIn(parsed(sent)));
    let rest = `${text}\n${JSON.stringify([...headers])}`;
    // What was said in the path comes back to nobody but the caller.
    for (const said of path.split(/[/?&=]/).filter(({ length }) => length >= shortest))
      rest = rest.replaceAll(said, '');
    const reply = fieldsOf(status < 300 ? parsed(text) : undefined);
    for (const showing of showings.filter((one) => one.at.test(at))) {
      for (const secret of this.learn(showing.what, showing.of(reply, exchange))) rest = rest.replaceAll(secret, '');
    }
    this.texts.push({ where: `the reply to ${at}`, text: rest });
  }

  /** Takes something that was logged or recorded. */
  keep(where: string, text: string): void {
    this.texts.push({ where, text });
  }

  /** Where secrets stand. */
  leaks(): readonly string[] {
    const everything = this.texts.map(({ text }) => text).join('\n');
    const most = Math.max(10, Math.floor(mostWork / Math.max(1, everything.length)));
    const looked = [...this.secrets].slice(0, most);
    return looked
      .filter(([secret]) => everything.includes(secret))
      .flatMap(([secret, what]) =>
        this.texts
          .filter(({ text }) => text.includes(secret))
          .slice(0, 3)
          .map(({ where, text }) => `${what} in ${where}: ${excerpt(text, secret)}`),
      );
  }

  private learn(what: string, found: readonly unknown[]): readonly string[] {
    const secrets = found.filter((secret) => typeof secret === 'string').filter(({ length }) => length >= shortest);
    for (const secret of secrets) if (!this.secrets.has(secret)) this.secrets.set(secret, what);
    return secrets;
  }
}

const excerpt = (text: string, secret: string): string => {
  const at = text.indexOf(secret);
  return `${text.slice(Math.max(0, at - 80), at)}<here>${text.slice(at + secret.length, at + secret.length + 40)}`;
};
