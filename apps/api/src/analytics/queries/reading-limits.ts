import { CastellanError } from '@castellan/dto';
import { mongo } from 'mongoose';

/** How long one question may read, in milliseconds. */
export const longestReadMs = 20_000;

const tookTooLong = (): CastellanError => {
  const message = `Reading what this asks for takes more than ${longestReadMs / 1_000} seconds; ask for a shorter time, or for less of it`;
  return new CastellanError(400, 'limit_reached', message);
};

/** What is left of the time that a question may take. */
export class ReadingTime {
  private readonly end = performance.now() + longestReadMs;

  /** @throws CastellanError when it is over */
  check(): void {
    if (performance.now() > this.end) throw tookTooLong();
  }
}

/** MaxTimeMSExpired: the server has given up what was asked of it. */
const hasGivenUp = (error: unknown): boolean => error instanceof mongo.MongoServerError && error.code === 50;

/** Says that a read took too long, where the database has broken it off for that. @throws CastellanError */
export const withinTime = async <T>(read: () => Promise<T>): Promise<T> => {
  try {
    return await read();
  } catch (error) {
    throw hasGivenUp(error) ? tookTooLong() : error;
  }
};
