import type { Exchange } from '@castellan/testing';
import { setupTokenOf } from '../src/setup/setup-token';
import { ManyTexts, shortestFound } from './find-many';

/** As much of a secret as gives it away: texts are cut, and what is left of a secret at their end is found by this. */
const telling = 16;

/** What may be a secret’s own from its beginning on is looked for; the ids and formats before that are known to everybody. */
const publicBeginnings: readonly RegExp[] = [
  // Tokens of keys begin with the id of their organisation, access keys do not; some tokens are JSON, in Base64.
  /^[0-9a-f]{24}(?!.{8}$)/,
  /^eyJ[\w+/-]{52}(?=[\w+/-]{16,}={0,2}$)/,
];

/** The part of a secret that is looked for. */
const probeOf = (secret: string): string => {
  const known = publicBeginnings.map((form) => form.exec(secret)?.[0].length ?? 0);
  return secret.slice(0, Math.max(...known) + telling);
};

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
  {
    what: 'token that writes of a session show',
    at: /^(POST \/login|POST \/api\/setup|GET \/api\/sessions\/current)/,
    of: ({ csrf_token: own, Meta }) => [own, fieldsOf(Meta)['csrf_token']],
  },
  {
    what: 'token that writes of a session show',
    at: /^POST \/api\/users\/[^/]+\/actions\/reset/,
    of: (_, { headers }) => [headers.get('x-csrf-token')],
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
];

/** What replies of any route may show. */
const cookiesIn = (headers: Headers): readonly unknown[] =>
  headers.getSetCookie().map((line) => /^[^=]*castellan-[^=]*=([^;]+)/.exec(line)?.[1]);

/** Fields of requests that hold secrets which no reply, log or record may repeat. */
const secretFields = new Set(['password', 'new_password', 'current_password', 'client_secret']);

const secretsIn = (value: unknown): readonly unknown[] => {
  if (Array.isArray(value)) return value.flatMap(secretsIn);
  return Object.entries(fieldsOf(value)).flatMap(([name, inner]) =>
    secretFields.has(name) ? [inner] : secretsIn(inner),
  );
};

const parsed = (text: string): unknown => {
  // Most requests have no body, and an exception is dear.
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** The log line that tells whoever runs the installation the token of the first run. */
const lineWithSetupToken = /^.*Nobody has set up this installation yet.*$/gm;

interface Kept {
  readonly where: string;
  readonly text: () => string;
}

/**
 * Promise 9 in every test: knows each secret that was issued to an app or by it, keeps what the app answered, logged and
 * recorded, and says in the end where one of them, or the beginning of one, stands that was not shown there on purpose.
 */
export class SecretWatch {
  private static readonly watches = new Map<string, SecretWatch>();
  private readonly secrets = new Map<string, string>();
  private readonly texts: Kept[] = [];
  /** Headers that stand whole in one of the texts. */
  private readonly headers = new Set<string>();

  /** What watches over an app; undefined for an address of something else. */
  static at(url: string): SecretWatch | undefined {
    return SecretWatch.watches.get(url);
  }

  /** Says where the app is, for those who talk to it in their own ways. */
  watches(url: string): void {
    SecretWatch.watches.set(url, this);
  }

  /** Notes a secret that exists from the beginning. */
  know(what: string, secret: string): void {
    this.learn(what, [secret]);
  }

  /** The same of an admin secret, and of what follows from it. */
  knowAdminSecret(secret: string): void {
    this.know('secret of the operator', secret);
    this.know('token of the first run', setupTokenOf(secret));
  }

  /** Takes a reply: what it shows on purpose is a secret from now on, and the rest of it is looked through in the end. */
  check(exchange: Exchange): void {
    const { method, path, status, headers, text, sent } = exchange;
    const at = `${method} ${path}`;
    // The stored form of a password, sent as one to see that it opens nothing, is where it belongs and told from others by its end.
    const said = secretsIn(parsed(sent)).filter((one) => typeof one !== 'string' || !one.startsWith('$argon2id$'));
    if (status < 400) this.learn('a password, or a secret of a client', said);
    const showing = showings.filter((one) => one.at.test(at));
    const reply = fieldsOf(status < 300 && showing.length > 0 ? parsed(text) : undefined);
    const known = [
      // What was said in the path comes back to nobody but the caller.
      ...path.split(/[/?&=]/).filter(({ length }) => length >= shortestFound),
      ...showing.flatMap(({ what, of }) => this.learn(what, of(reply, exchange))),
      ...this.learn('session, or cookie of a browser', cookiesIn(headers)),
    ];
    const without = (whole: string): string => known.reduce((rest, one) => rest.replaceAll(one, ''), whole);
    const lines = [...headers].map(([name, value]) => `${name}: ${value}`);
    this.keep(`the reply to ${at}`, [without(text), ...this.newAmong(lines, without)].join('\n'));
  }

  /** Most headers are those of every reply. One that has been kept as it is will be looked through, and is not kept again. */
  private newAmong(lines: readonly string[], without: (line: string) => string): readonly string[] {
    return lines
      .filter((line) => !this.headers.has(line))
      .map((line) => {
        const rest = without(line);
        if (rest === line) this.headers.add(line);
        return rest;
      });
  }

  /** Takes something that was logged or recorded. */
  keep(where: string, text: string): void {
    this.follow(where, () => text.replaceAll(lineWithSetupToken, ''));
  }

  /** Takes something that grows, as it is in the end. */
  follow(where: string, text: () => string): void {
    this.texts.push({ where, text });
  }

  /** Where secrets stand. */
  leaks(): readonly string[] {
    const secretOf = new Map([...this.secrets.keys()].map((secret) => [probeOf(secret), secret]));
    const all = new ManyTexts(secretOf.keys());
    const counts = new Map<string, number>();
    return this.texts.flatMap(({ where, text }) => {
      const looked = text();
      return [...all.in(looked)].flatMap((probe) => {
        const what = this.secrets.get(secretOf.get(probe) ?? '') ?? '';
        const count = (counts.get(probe) ?? 0) + 1;
        counts.set(probe, count);
        return count > 3 ? [] : [`${what} in ${where}: ${excerpt(looked, probe)}`];
      });
    });
  }

  private learn(what: string, found: readonly unknown[]): readonly string[] {
    const secrets = found
      .filter((secret) => typeof secret === 'string')
      .filter(({ length }) => length >= shortestFound);
    for (const secret of secrets) if (!this.secrets.has(secret)) this.secrets.set(secret, what);
    return secrets;
  }
}

const excerpt = (text: string, probe: string): string => {
  const at = text.indexOf(probe);
  return `${text.slice(Math.max(0, at - 80), at)}<here>${text.slice(at + probe.length, at + probe.length + 40)}`;
};
