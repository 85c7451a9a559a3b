import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';

/** The root of the repository, which is also where images are built. */
export const root = join(__dirname, '..', '..');

export const textOf = (path: string): string => readFileSync(join(root, path), 'utf8');

/**
 * Every document of a YAML (or JSON) file, in the shape that the schema says.
 *
 * @throws when the file is no YAML, or a document has another shape
 */
export const documentsOf = <T>(path: string, schema: z.ZodType<T>): T[] =>
  parseAllDocuments(textOf(path), { merge: true }).map((document) => {
    if (document.errors.length > 0) throw new Error(`${path}: ${document.errors.join('; ')}`);
    return schema.parse(document.toJS());
  });

/** The same of a file with one document. */
export const documentOf = <T>(path: string, schema: z.ZodType<T>): T => {
  const [document, ...others] = documentsOf(path, schema);
  if (document === undefined || others.length > 0) throw new Error(`${path} does not hold exactly one document`);
  return document;
};

/** Projects that only check types start nothing. */
const project = z.object({ root: z.string(), entryFile: z.string().optional() });

/** What `nest build` makes of an app: its sources, and the file that starts it. */
export const projectOf = (app: string): { root: string; entry: string } => {
  const { projects } = documentOf('nest-cli.json', z.object({ projects: z.record(z.string(), project) }));
  const found = projects[app];
  if (found?.entryFile === undefined) throw new Error(`nest-cli.json has no app ${app}`);
  return { root: found.root, entry: `dist/${found.root}/src/${found.entryFile}.js` };
};

/** The version in package.json. */
export const version = documentOf('package.json', z.object({ version: z.string() })).version;

/** Whether an image is pinned to at least a minor version. */
export const isPinned = (image: string): boolean => /^[\w./-]+:v?\d+\.\d+[\w.-]*$/.test(image);
