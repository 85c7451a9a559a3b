import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Where real documents lie beside the repository, where it is developed. */
const fixtures = resolve(__dirname, '../../../../shared/fixtures');

/** The texts of the real documents in a folder of the fixtures, by file name; none, and a line that says so, elsewhere. */
export const sharedDocuments = (folder: string): readonly (readonly [file: string, text: string])[] => {
  const source = join(fixtures, folder);
  if (!existsSync(source)) {
    process.stdout.write(`skipped: no shared fixtures at ${folder}\n`);
    return [];
  }
  return readdirSync(source)
    .sort()
    .map((file) => [file, readFileSync(join(source, file), 'utf8')] as const);
};
