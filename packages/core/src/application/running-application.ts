import { onStopSignal } from '../node/stop-signals.js';
import type { Logger } from '../ports/logger.js';
import type { AnyAddress } from '../sdk/address.js';
import { asError } from '../sdk/errors.js';
import { Client, interruptedError, stoppedError } from './client.js';
import type { ApplicationStatus, Engine, EngineEvents, EngineParts } from './engine.js';

/** An application that runs in this process, or a node of one that runs on several. */
export class RunningApplication implements AsyncDisposable {
  /** Talks to functions from outside. */
  readonly client: Client;
  /**
   * Resolves when the application has stopped: because all its ingresses are bounded and drained, or was told to. Rejects
   * when it failed. Pending timers do not keep it running; they go on at the next start. A node of a cluster stops only when
   * it is told to.
   */
  readonly finished: Promise<void>;
  readonly #parts: EngineParts;
  readonly #engine: Engine;
  #resolve!: () => void;
  #reject!: (error: unknown) => void;
  #ending: Promise<void> | undefined;
  #failure: Error | undefined;
  #hasBegun = false;
  #releaseSignals: () => void = () => {};

  /** @internal */
  constructor(parts: EngineParts, makeEngine: (events: EngineEvents) => Engine) {
    this.#parts = parts;
    this.#engine = makeEngine({
      reply: (target, reply) => this.client.receive(target, reply),
      interrupted: () => this.client.interrupt(interruptedError()),
      over: () => void this.stop(),
      failed: (error) => this.fail(error),
    });
    this.client = new Client(this.#engine.gateway, parts.platform);
    this.finished = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.finished.catch(() => undefined); // Whoever awaits it sees the failure; nobody has to.
  }

  get status(): ApplicationStatus {
    return this.#engine.status;
  }

  /** What it logs to. */
  get logger(): Logger {
    return this.#parts.logger;
  }

  /**
   * Whether messages are handled now. False while it stops, and while a node of a cluster waits for its part in the next
   * epoch: what the client sends then is handled a little later.
   */
  get isReady(): boolean {
    return this.#hasBegun && !this.isStopping && this.#engine.isRunning;
  }

  /** Whether it has been told to stop, has failed, or has come to its end. */
  get isStopping(): boolean {
    return this.#ending !== undefined;
  }

  /** @internal Resolves when messages are handled. @throws what keeps the application from starting */
  async begin(): Promise<void> {
    try {
      await this.#engine.start();
      this.#hasBegun = true;
    } catch (error) {
      if (this.#ending === undefined) this.fail(error);
      await this.finished; // It tells why.
    }
    if (this.#failure !== undefined) await this.finished;
  }

  /** Takes a checkpoint that stays under a name. @throws SF_SAVEPOINT_EXISTS, SF_INVALID_NAME */
  async savepoint(name: string): Promise<void> {
    await this.#engine.savepoint(name);
  }

  /** Takes a checkpoint now; resolves when it is committed. */
  async checkpoint(): Promise<void> {
    await this.#engine.checkpoint();
  }

  /**
   * Stops: closes ingresses, lets handlers end, takes a final checkpoint, publishes what it holds. A node of a cluster hands its
   * work over to others.
   */
  stop(): Promise<void> {
    this.#ending ??= this.#stop();
    return this.#ending;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** @internal */
  handleSignals(): void {
    this.#releaseSignals = onStopSignal(() => {
      this.stop().catch(() => undefined); // `finished` has it.
    });
  }

  /** @internal The committed state of an address, by property: what its next handler would find. */
  stateOf(address: AnyAddress): Promise<Record<string, unknown>> {
    return this.#engine.stateOf(address);
  }

  /**
   * @internal Ends as a killed process does: nothing is finished, written or published any more. For tests, whose platform
   * stops as well, so that what is under way never goes on.
   */
  abandon(): void {
    const stopped = stoppedError();
    this.#ending ??= Promise.resolve();
    this.#releaseSignals();
    this.#engine.abandon();
    this.client.close(stopped);
    this.#parts.bindings.services.dispose();
    this.#reject(stopped);
  }

  /** @internal Something failed that cannot go on: everything since the last checkpoint is left to the next start. */
  fail(error: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = asError(error);
    if (this.#hasBegun) this.#parts.logger.error({ err: this.#failure }, 'the application failed');
    this.#ending ??= this.#release();
  }

  async #stop(): Promise<void> {
    try {
      await this.#engine.drain(() => this.client.quiesce());
    } catch (error) {
      this.#failure ??= asError(error);
    }
    await this.#release();
  }

  async #release(): Promise<void> {
    const { store, bindings } = this.#parts;
    this.#releaseSignals();
    await this.#engine.stop();
    this.client.close(stoppedError(this.#failure));
    bindings.services.dispose();
    try {
      await store.close?.();
    } catch (error) {
      this.#failure ??= asError(error);
    }
    if (this.#failure === undefined) this.#resolve();
    else this.#reject(this.#failure);
  }
}
