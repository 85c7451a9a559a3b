import { prefix } from './load';
import { apiOnlySettings, commonSettings, hostManagerOnlySettings, launcherSettings } from './schema';

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
  return ['| Variable | Default | Read by | What it is |', '| --- | --- | --- | --- |', ...rows].join('\n');
};
