import { Injectable } from '@nestjs/common';
import { generationName, GenerationNumbers } from '@castellan/delivery';

/** Names the generation that nodes should run: another one as soon as anything that they load has changed. */
@Injectable()
export class Fingerprints {
  constructor(private readonly generations: GenerationNumbers) {}

  /** @throws when MongoDB is out of reach */
  async current(): Promise<string> {
    return generationName(await this.generations.all());
  }
}
