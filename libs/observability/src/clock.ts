import { Injectable } from '@nestjs/common';

/** The one place that reads the time; tests put their own in. */
@Injectable()
export class Clock {
  now(): Date {
    return new Date();
  }

  /** Milliseconds since 1970. */
  millis(): number {
    return this.now().getTime();
  }
}
