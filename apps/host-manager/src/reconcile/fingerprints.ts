import { Injectable } from '@nestjs/common';
import { generationName, Generations } from '@castellan/persistence';

/** Names the generation that nodes should run: another one as soon as anything that they load has changed. */
@Injectable()
export class Fingerprints {
  constructor(private readonly generations: Generations) {}

  /** @throws when MongoDB is out of reach */
  async current(): Promise<string> {
    return generationName(await this.generations.all());
  }
}
