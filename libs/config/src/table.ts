import type { z } from 'zod';
import { prefix } from './load';
import { apiOnlySettings, commonSettings, hostManagerOnlySettings, launcherSettings } from './schema';
import type { Setting } from './setting';

const groups = [
  ['both', commonSettings],
  ['api', apiOnlySettings],
  ['host-manager', hostManagerOnlySettings],
  ['`npm start`', launcherSettings],
] as const;

/** The README's configuration table, in Markdown. A test holds the README against it. */
export const configurationTable = (): string => {
  const rows = groups.flatMap(([readBy, settings]) =>
    Object.values(settings).map(
      ({ name, about, shownDefault }) =>
        `| \`${prefix}${name}\` | ${shownDefault === '' ? '**required**' : `\`${shownDefault}\``} | ${readBy} | ${about} |`,
    ),
  );
  const secrets = groups
    .flatMap(([, settings]) => Object.values<Setting<z.ZodType>>(settings))
    .filter(({ isSecret }) => isSecret === true)
    .map(({ name }) => `\`${name}\``);
  const files = `What is secret may come from a file instead, which the variable with \`_FILE\` behind it names: ${secrets.join(', ')}.`;
  return ['| Variable | Default | Read by | What it is |', '| --- | --- | --- | --- |', ...rows, '', files].join('\n');
};
