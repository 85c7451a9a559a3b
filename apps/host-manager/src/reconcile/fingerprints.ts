import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Generations } from '@castellan/persistence';

/** Names the state of the whole configuration in a few bytes: it differs as soon as anything that nodes load has changed. */
@Injectable()
export class Fingerprints {
  constructor(private readonly generations: Generations) {}

  /** @throws when MongoDB is out of reach */
  async current(): Promise<string> {
    const generations = [...(await this.generations.all())].sort(([a], [b]) => (a < b ? -1 : 1));
    return createHash('sha256').update(JSON.stringify(generations)).digest('hex');
  }
}
