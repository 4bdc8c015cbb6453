import type { Scheduler } from '../ports/scheduler.js';
import type { Listening, Transport } from '../ports/transport.js';
import { StatefulFunctionsError } from '../sdk/errors.js';

interface Listener {
  readonly scheduler: Scheduler;
  readonly receive: (frame: Uint8Array) => void;
}

/** Where the endpoints of one process find each other: shared by the transports that shall reach each other. */
export class MemoryNetwork {
  readonly listeners = new Map<string, Listener>();

  constructor(
    /** The largest frame, in bytes; by default as much as a NATS server takes by default. */
    readonly maxFrameBytes = 1024 * 1024,
  ) {}
}

/**
 * A transport between endpoints of one process: for tests, and for workers that share an event loop.
 *
 * It loses only what nobody listens for, keeps the order, and copies nothing: sender and receiver hold the same bytes. Each
 * receiver gets its frames through the scheduler it listened with, so machines with clocks of their own can share a network.
 */
export class MemoryTransport implements Transport {
  readonly #scheduler: Scheduler;
  readonly #network: MemoryNetwork;

  constructor(scheduler: Scheduler, network: MemoryNetwork = new MemoryNetwork()) {
    this.#scheduler = scheduler;
    this.#network = network;
  }

  get maxFrameBytes(): number {
    return this.#network.maxFrameBytes;
  }

  async listen(endpoint: string, receive: (frame: Uint8Array) => void): Promise<Listening> {
    const { listeners } = this.#network;
    if (listeners.has(endpoint)) {
      throw new StatefulFunctionsError(
        'SF_DUPLICATE_BINDING',
        `the endpoint ${JSON.stringify(endpoint)} is listened to already. Close that first, or choose another name.`,
      );
    }
    const listener: Listener = { scheduler: this.#scheduler, receive };
    listeners.set(endpoint, listener);
    return {
      close: async () => {
        // Another may listen by now, after an earlier close.
        if (listeners.get(endpoint) === listener) listeners.delete(endpoint);
      },
    };
  }

  send(endpoint: string, frame: Uint8Array): void {
    if (frame.length > this.maxFrameBytes) {
      throw new StatefulFunctionsError(
        'SF_FRAME_TOO_LARGE',
        `a frame of ${frame.length} bytes was to be sent, and this transport takes ${this.maxFrameBytes}. Split it.`,
      );
    }
    const { listeners } = this.#network;
    const listener = listeners.get(endpoint);
    listener?.scheduler.defer(() => {
      if (listeners.get(endpoint) === listener) listener.receive(frame);
    });
  }

  async isDeserted(endpoint: string): Promise<boolean> {
    return !this.#network.listeners.has(endpoint);
  }
}
