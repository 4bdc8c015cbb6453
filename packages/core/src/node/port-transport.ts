import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { Scheduler } from '../ports/scheduler.js';
import type { Listening, Transport } from '../ports/transport.js';
import { StatefulFunctionsError } from '../sdk/errors.js';

/** What goes through a port: a frame for an endpoint, or whether its sender listens to one. */
type PortMessage = readonly [endpoint: string, content: Uint8Array | boolean];

const defaultMaxFrameBytes = 64 * 1024 * 1024;

/**
 * A transport between the threads of one process, over a message port to each of the others.
 *
 * It loses only what nobody listens for, and keeps the order between any two threads.
 *
 * **Details**
 * - Threads tell each other which endpoints they listen to. A frame for one that nobody has told of yet goes to all, so that
 *   nothing is lost only because it was faster.
 * - A frame is copied, not transferred: the sender keeps it until it is acknowledged, and copying costs less than the hand-over
 *   of a buffer does.
 */
export class PortTransport implements Transport {
  readonly maxFrameBytes: number;
  readonly #scheduler: Scheduler;
  readonly #ports: ReadonlySet<MessagePort>;
  readonly #listeners = new Map<string, (frame: Uint8Array) => void>();
  /** Where the endpoints of others are. */
  readonly #routes = new Map<string, MessagePort>();

  /** @param ports one for each of the other threads */
  constructor(scheduler: Scheduler, ports: Iterable<MessagePort>, maxFrameBytes = defaultMaxFrameBytes) {
    this.#scheduler = scheduler;
    this.#ports = new Set(ports);
    this.maxFrameBytes = maxFrameBytes;
    for (const port of this.#ports) {
      port.on('message', ([endpoint, content]: PortMessage) => {
        if (typeof content === 'boolean') this.#learn(port, endpoint, content);
        else this.#listeners.get(endpoint)?.(content);
      });
    }
  }

  async listen(endpoint: string, receive: (frame: Uint8Array) => void): Promise<Listening> {
    if (this.#listeners.has(endpoint)) {
      throw new StatefulFunctionsError(
        'SF_DUPLICATE_BINDING',
        `the endpoint ${JSON.stringify(endpoint)} is listened to already. Close that first, or choose another name.`,
      );
    }
    this.#listeners.set(endpoint, receive);
    this.#tell(endpoint, true);
    return {
      close: async () => {
        // Another may listen by now, after an earlier close.
        if (this.#listeners.get(endpoint) !== receive) return;
        this.#listeners.delete(endpoint);
        this.#tell(endpoint, false);
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
    const receive = this.#listeners.get(endpoint);
    if (receive !== undefined) {
      this.#scheduler.defer(() => {
        if (this.#listeners.get(endpoint) === receive) receive(frame);
      });
      return;
    }
    // Of a view, all of the memory behind it would be copied.
    const content = frame.byteLength === frame.buffer.byteLength ? frame : new Uint8Array(frame);
    const message: PortMessage = [endpoint, content];
    const route = this.#routes.get(endpoint);
    if (route !== undefined) route.postMessage(message);
    else for (const port of this.#ports) port.postMessage(message);
  }

  /** Hangs up. Whatever has been sent still arrives. */
  close(): void {
    this.#listeners.clear();
    for (const port of this.#ports) port.close();
  }

  #learn(port: MessagePort, endpoint: string, isListening: boolean): void {
    if (isListening) this.#routes.set(endpoint, port);
    else if (this.#routes.get(endpoint) === port) this.#routes.delete(endpoint);
  }

  #tell(endpoint: string, isListening: boolean): void {
    const message: PortMessage = [endpoint, isListening];
    for (const port of this.#ports) port.postMessage(message);
  }
}

/** For each of `count` threads, its ports to all others. A port can be given to the thread that is to have it. */
export function portsBetween(count: number): MessagePort[][] {
  const ports: MessagePort[][] = Array.from({ length: count }, () => []);
  for (const [number, own] of ports.entries()) {
    for (const others of ports.slice(number + 1)) {
      const { port1, port2 } = new MessageChannel();
      own.push(port1);
      others.push(port2);
    }
  }
  return ports;
}
