import type { IncomingHttpHeaders } from 'node:http';
import type { ApiConfig } from '@castellan/config';
import type { KeptText } from '@castellan/persistence';
import {
  REDACTED,
  withoutAccessKeys,
  withoutBasicCredentials,
  withoutIssuedSecrets,
  withoutKeyTokens,
} from '@castellan/tyk';
import { OperatorSecrets } from '../auth/operator-secrets';

/** Shorter ones may stand in a text by chance. */
const shortest = 8;

/** The credentials that a request brings, without the word before them. */
const broughtBy = ({ authorization, cookie, 'admin-auth': adminAuth }: IncomingHttpHeaders): readonly string[] =>
  [
    authorization?.replace(/^bearer\s+/i, '').trim(),
    typeof adminAuth === 'string' ? adminAuth.trim() : undefined,
    ...Array.from(cookie?.matchAll(ownCookies) ?? [], ([, value]) => value),
  ]
    .filter((secret) => secret !== undefined)
    .filter((secret) => secret.length >= shortest);

/** Of sessions and of devices that logged in before, whatever stands before their names. */
const ownCookies = /castellan-[a-z]+=([^;\s]+)/g;

declare module 'fastify' {
  interface FastifyInstance {
    /** The secrets of the installation, which no text that is kept may hold. */
    installationSecrets?: readonly string[];
  }
}

/** By which somebody is let in; the server may name the address that it stands in. */
const nonceInAddress = /([?&]nonce=)[^\s"'&\\]+/g;

/** What opens the planes of the operator and of gateways. */
export const secretsOf = (config: ApiConfig): readonly string[] => [
  ...OperatorSecrets.of(config).everKnown,
  config.nodeSecret,
];

/**
 * A text that a caller wrote, such as a path or a reason, without credentials of this installation: every access key in
 * the form that they have, tokens of keys, secrets of OAuth clients and refresh tokens, the secrets of the operator and of
 * gateways, and what the caller has proven itself with. It is stored and logged, and read by others. What somebody has
 * chosen, such as a password, is a word like any other (decision 33).
 */
export const withoutCredentials = (
  text: string,
  headers: IncomingHttpHeaders,
  secrets: readonly string[] = [],
): string => withoutSecrets([...secrets, ...broughtBy(headers)])(text);

/** Takes the secrets of the installation, as they are at that moment, and access keys out of a text that is kept. */
export const keptTextOf =
  (config: ApiConfig): KeptText =>
  (text) =>
    withoutSecrets(secretsOf(config))(text);

/** Takes secrets, in the form that they have in JSON too, and access keys out of texts. */
const withoutSecrets = (secrets: readonly string[]): ((text: string) => string) => {
  const forms = [...new Set(secrets.flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)]))];
  return (text) => {
    const unknown = forms.reduce((kept, form) => kept.replaceAll(form, REDACTED), text);
    return recognised.reduce((kept, without) => without(kept, REDACTED), unknown);
  };
};

/** What is known by its form, whoever has it. Tokens come first: what they hold may look like another secret. */
const recognised = [withoutKeyTokens, withoutAccessKeys, withoutBasicCredentials, withoutIssuedSecrets];

/** Takes the secrets of an installation out of texts, those too that come later. */
export const withoutSecretsOf =
  (config: ApiConfig): ((text: string) => string) =>
  (text) =>
    withoutSecrets(secretsOf(config))(text).replaceAll(nonceInAddress, `$1${REDACTED}`);
