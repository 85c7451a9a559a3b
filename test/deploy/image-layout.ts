import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { copiesOf, environmentOf, stagesOf } from './dockerfile';
import { root } from './repository';

const lock = z.object({ packages: z.record(z.string(), z.object({ dev: z.boolean().optional() })) });

/** A folder that holds what the last stage of a Dockerfile copies, made from what is built and installed here. */
export class ImageLayout {
  private constructor(
    readonly folder: string,
    readonly environment: Readonly<Record<string, string>>,
  ) {}

  /** @param dockerfile path below the root of the repository, where everything has been built */
  static of(dockerfile: string): ImageLayout {
    const runtime = stagesOf(dockerfile).at(-1);
    if (runtime === undefined) throw new Error(`${dockerfile} has no stage`);
    const folder = mkdtempSync(join(tmpdir(), 'castellan-image-'));
    for (const { target } of copiesOf(runtime)) {
      if (target === 'node_modules') linkProduction(join(folder, target));
      else cpSync(join(root, target), join(folder, target), { recursive: true });
    }
    // Packages are to find each other in the folder, and not where the links lead.
    const environment = { ...environmentOf(runtime), NODE_OPTIONS: '--preserve-symlinks --preserve-symlinks-main' };
    return new ImageLayout(folder, environment);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** What `npm ci --omit=dev` would install, as links to what is installed. */
const linkProduction = (folder: string): void => {
  const { packages } = lock.parse(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')));
  const outermost = /^node_modules\/((?:@[^/]+\/)?[^/]+)$/;
  for (const [path, { dev }] of Object.entries(packages)) {
    const name = outermost.exec(path)?.[1];
    if (name === undefined || dev === true) continue;
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    symlinkSync(join(root, path), join(folder, name));
  }
};
