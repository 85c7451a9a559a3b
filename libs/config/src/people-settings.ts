import { z } from 'zod';
import { namedSecrets } from './named-secrets';
import { isHttpUrl, secret, secretSetting, setting, wholeNumber } from './setting';

/** What opens the planes of the operator and of gateways. */
export const secretSettings = {
  adminSecret: secretSetting(
    'ADMIN_SECRET',
    secret,
    'Opens the operator’s plane (`admin-auth` header); the audit log calls it `admin`',
    '',
  ),
  adminSecrets: secretSetting(
    'ADMIN_SECRETS',
    namedSecrets.default([]),
    'More secrets that open the operator’s plane, as `name:secret`, one a line or comma-separated. The audit log says the name; a name that stands twice has two secrets, so that one can be replaced by the other',
    'none',
  ),
  adminSecretsFile: setting(
    'ADMIN_SECRETS_FILE',
    z.string().default(''),
    'A file with what ADMIN_SECRETS may hold. It is read again within seconds after it has changed, so that secrets come and go without a restart',
    'none',
  ),
  nodeSecret: secretSetting(
    'NODE_SECRET',
    secret,
    'Shared with the gateways (`node_secret`); also signs the reload signals',
    '',
  ),
};

/** How callers prove who they are, and how often they may try. */
export const peopleSettings = {
  adminAttempts: setting(
    'ADMIN_ATTEMPTS',
    wholeNumber(1, 100_000).default(10),
    'Wrong admin secrets an address may send a minute before it hears 429 instead of 401; the right one is always taken',
    '10',
  ),
  credentialAttempts: setting(
    'CREDENTIAL_ATTEMPTS',
    wholeNumber(1, 1_000_000).default(60),
    'The same for wrong access keys and node secrets together',
    '60',
  ),
  rateLimit: setting(
    'RATE_LIMIT',
    wholeNumber(0, 10_000_000).default(6_000),
    'Requests a minute of one credential: of a user, by whatever key or session, or of an admin secret; 0 is any number. Gateways are not counted',
    '6000',
  ),
  rateLimitService: setting(
    'RATE_LIMIT_SERVICE',
    wholeNumber(0, 10_000_000).default(60_000),
    'The same of a service account that has no limit of its own',
    '60000',
  ),
  rateLimitAddress: setting(
    'RATE_LIMIT_ADDRESS',
    wholeNumber(0, 10_000_000).default(3_000),
    'Requests a minute of one address that show no good credential, such as logins',
    '3000',
  ),
  publicUrl: setting(
    'PUBLIC_URL',
    z
      .string()
      .refine(isHttpUrl, 'must be an http:// or https:// URL')
      .transform((value) => new URL(value).origin)
      .or(z.literal(''))
      .default(''),
    'Where browsers find the API, such as `https://castellan.example`; with https, cookies are taken back over TLS only. Without it, what a request names as its host',
    'none',
  ),
  oidcHttp: setting(
    'OIDC_HTTP',
    z.enum(['off', 'loopback'], 'must be off or loopback').default('off'),
    'Whether providers of OpenID Connect may be reached without TLS: off, or loopback for one on this machine, to try things out',
    'off',
  ),
  secretKey: secretSetting(
    'SECRET_KEY',
    secret.or(z.literal('')).default(''),
    'Encrypts what has to be kept in a form that can be read back, such as the secrets of second factors and of clients of OpenID Connect, which need it; the same on all replicas, and for good',
    'none',
  ),
  loginPaceMs: setting(
    'LOGIN_PACE_MS',
    wholeNumber(0, 5_000).default(500),
    'A refused login takes this long, or a multiple of it, so that the time does not tell whether there is such a user; longer than the slowest comparison of a password, in milliseconds. 0 waits for nothing',
    '500',
  ),
  sessionIdleMinutes: setting(
    'SESSION_IDLE_MINUTES',
    wholeNumber(1, 43_200).default(60),
    'How long a browser’s session lasts without a request, in minutes',
    '60',
  ),
  sessionHours: setting(
    'SESSION_HOURS',
    wholeNumber(1, 8_760).default(12),
    'How long a browser’s session lasts at most, in hours',
    '12',
  ),
  passwordLength: setting(
    'PASSWORD_LENGTH',
    wholeNumber(6, 128).default(12),
    'Fewest characters of a new password',
    '12',
  ),
  passwordStrength: setting(
    'PASSWORD_STRENGTH',
    wholeNumber(0, 20).default(8),
    'Guesses that a new password withstands, as a power of ten; 0 leaves it to the length',
    '8',
  ),
  passwordMaxDays: setting(
    'PASSWORD_MAX_DAYS',
    wholeNumber(0, 3_650).default(0),
    'Days after which a password has to be changed at the login; 0 is never',
    '0',
  ),
  passwordHistory: setting(
    'PASSWORD_HISTORY',
    wholeNumber(0, 24).default(5),
    'How many earlier passwords of a user may not come again',
    '5',
  ),
};
