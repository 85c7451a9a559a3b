import { EventEmitter } from 'node:events';
import type { SignalSource } from './signals';

interface BusEvents {
  message: [string];
}

/**
 * The channel inside one process, for tests without Redis. Like Redis it keeps nothing: a message published while
 * nobody listens, or while the bus is down, is gone.
 */
export class MemorySignals {
  private readonly bus = new EventEmitter<BusEvents>().setMaxListeners(0);
  private up = true;
  /** Every message that went through, oldest first. */
  readonly published: string[] = [];

  /** Takes the bus down or up again; nodes stay subscribed. */
  setUp(up: boolean): void {
    this.up = up;
  }

  publish(message: string): void {
    if (!this.up) return;
    this.published.push(message);
    this.bus.emit('message', message);
  }

  /** An end of the bus for one node. */
  source(): SignalSource {
    let listener: ((message: string) => void) | undefined;
    const isUp = (): boolean => this.up;
    return {
      get connected() {
        return isUp() && listener !== undefined;
      },
      subscribe: (received) => {
        listener = received;
        this.bus.on('message', received);
        return Promise.resolve();
      },
      publish: (message) => {
        this.publish(message);
        return Promise.resolve();
      },
      close: () => {
        if (listener !== undefined) this.bus.off('message', listener);
        listener = undefined;
        return Promise.resolve();
      },
    };
  }
}
