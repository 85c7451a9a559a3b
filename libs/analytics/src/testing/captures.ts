import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';

const folder = resolve(__dirname, '../../../../../shared/fixtures/redis');

const line = z.object({ list: z.string(), raw: z.string(), decoded: z.record(z.string(), z.unknown()).optional() });

/** One element of a gateway's list, as it came and as another program decoded it. */
export interface Capture {
  readonly list: string;
  readonly raw: Buffer;
  /** Missing for Protocol Buffers. */
  readonly decoded?: Readonly<Record<string, unknown>>;
}

/** What real gateways wrote, where that lies beside the repository; elsewhere nothing, which leaves the project's own records. */
export const captures = (): readonly Capture[] => {
  if (!existsSync(folder)) {
    process.stdout.write('skipped: no captures of gateways beside the repository\n');
    return [];
  }
  return readdirSync(folder)
    .map((version) => join(folder, version, 'analytics.jsonl'))
    .filter((file) => existsSync(file))
    .flatMap((file) => readFileSync(file, 'utf8').trimEnd().split('\n'))
    .flatMap((text) => {
      const parsed = line.safeParse(JSON.parse(text));
      if (!parsed.success) return [];
      const { list, raw, decoded } = parsed.data;
      return [{ list, raw: Buffer.from(raw, 'base64'), ...(decoded === undefined ? {} : { decoded }) }];
    });
};
