import { copyValue } from '../codec/data-model.js';
import type { Platform } from '../ports/platform.js';
import { randomFraction } from '../ports/random.js';
import type { Reply } from '../sdk/contract.js';
import type { DeadLetter } from '../sdk/dead-letter.js';
import { asError, invariant, StatefulFunctionsError } from '../sdk/errors.js';
import { type CancellationToken, type ClientReplyTarget, ReplyHandle } from '../sdk/reply.js';
import type { Activation } from './activation.js';
import type { Envelope } from './envelope.js';
import type { FunctionHost } from './function-host.js';
import { Invocation, type InvocationServices } from './invocation.js';
import type { Outlets } from './outlets.js';
import type { StateTable } from './state-table.js';
import type { Timers } from './timers.js';

/** In place of a time for what is not timed. */
const untimed = -1;
/** After so many runs that ended at an entry which was not in memory, the whole map or list is loaded. */
const dooms = 3;

/** Where messages come from and go to, and who is told what became of the one that was handled: the dispatcher. */
export interface MessageFlow extends InvocationServices {
  readonly platform: Platform;
  readonly state: StateTable;
  readonly timers: Timers;
  readonly outlets: Pick<Outlets, 'reply'>;
  /** Whether the worker has ended: then nothing takes effect any more. */
  readonly isClosed: boolean;
  /** Called when an attempt to handle a message has failed. */
  readonly onFailure: (envelope: Envelope, error: Error) => void;
  send(envelope: Envelope): void;
  deadLetter(letter: DeadLetter): void;
  /** The activation is not idle: from now on its messages wait in its mailbox. */
  occupy(activation: Activation): void;
  /** It can take its next message: the one it holds, then its mailbox. */
  free(activation: Activation): void;
  /** It goes on when something is there that it waits for. */
  awaitLoading(activation: Activation, loading: Promise<void>): void;
  /** It tries the message again after a while, before all others. */
  retryLater(activation: Activation, envelope: Envelope, delayMs: number): void;
  /** Does what the end of an asynchronous handler leads to. */
  settle(work: () => void): void;
}

/**
 * Has functions handle messages, each invocation all or nothing.
 *
 * Invariants: an activation has at most one invocation; the effects of an invocation land in one synchronous step, and none land
 * after the worker has closed.
 */
export class Invoker {
  readonly #flow: MessageFlow;
  /** How often a message was handled in vain, because of what was not in memory. */
  readonly #dooms = new WeakMap<Envelope, number>();

  constructor(flow: MessageFlow) {
    this.#flow = flow;
  }

  /** Has an idle activation handle a message. */
  invoke(activation: Activation, envelope: Envelope): void {
    invariant(activation.state === 'idle', 'an address has one invocation at a time');
    if (envelope.settles === undefined || envelope.settled) this.#run(activation, envelope);
    else this.#settle(activation, envelope);
  }

  #run(activation: Activation, envelope: Envelope): void {
    const { host } = envelope;
    const kind = envelope.operation === undefined ? 'send' : host.kindOf(envelope.operation);
    const invocation = new Invocation(this.#flow, activation, envelope, kind === 'query');
    let result: unknown;
    const { figures } = host;
    const startMs = figures.wantsDuration ? this.#flow.platform.clock.monotonic() : untimed;
    figures.invocations += 1;
    try {
      if (!host.isSimple) {
        activation.invocation = invocation;
        host.expire(activation, invocation.now());
      }
      const instance = host.prepare(activation);
      const { operation } = envelope;
      // A copy: retries, checkpoints and dead letters show the message as it was sent.
      const message = host.copierOf(operation).copy(envelope.message);
      result = host.call(instance, operation, invocation, message);
    } catch (error) {
      this.#time(host, startMs);
      this.#fail(activation, envelope, invocation, error);
      return;
    }
    if (isThenable(result)) {
      this.#runAsync(activation, envelope, invocation, result, startMs);
      return;
    }
    this.#finish(activation, envelope, invocation, result);
    if (startMs !== untimed) this.#time(host, startMs);
  }

  #time({ figures }: FunctionHost, startMs: number): void {
    if (startMs !== untimed) figures.took(this.#flow.platform.clock.monotonic() - startMs);
  }

  #runAsync(
    activation: Activation,
    envelope: Envelope,
    invocation: Invocation,
    result: PromiseLike<unknown>,
    startMs: number,
  ): void {
    const { host } = activation;
    host.hold(activation);
    host.figures.isAsync = true;
    activation.state = 'running';
    activation.invocation = invocation;
    activation.current = envelope;
    this.#flow.occupy(activation);
    const timeout = this.#flow.platform.scheduler.after(host.timeoutMs, () => {
      if (invocation.ended || this.#flow.isClosed) return;
      const error = new StatefulFunctionsError(
        'SF_HANDLER_TIMEOUT',
        `the handler of ${activation.address} did not end within ${host.timeoutMs} ms. Heed ctx.signal, or raise its timeout.`,
      );
      invocation.abort(error);
      this.#time(host, startMs);
      this.#flow.settle(() => this.#fail(activation, envelope, invocation, error));
    });
    const settled = (settle: () => void) => {
      timeout.cancel();
      // A promise that outlived its invocation, or its worker, has no say any more.
      if (invocation.ended || this.#flow.isClosed) return;
      this.#time(host, startMs);
      this.#flow.settle(settle);
    };
    // Whatever else can be awaited may throw where it is; a promise is taken as it is.
    Promise.resolve(result).then(
      (value) => settled(() => this.#finish(activation, envelope, invocation, value)),
      (error) => settled(() => this.#fail(activation, envelope, invocation, error)),
    );
  }

  /** The handler has ended well: lets everything it did take effect at once. */
  #finish(activation: Activation, envelope: Envelope, invocation: Invocation, result: unknown): void {
    const { host } = envelope;
    let changed: boolean;
    try {
      if (invocation.extras?.doomed !== undefined)
        throw new StatefulFunctionsError('SF_NOT_RESIDENT', 'an entry must be loaded first');
      if (envelope.reply !== undefined) this.#answer(activation, envelope, invocation, result);
      changed = host.stage(activation, invocation.isReadOnly);
      if (changed && invocation.isReadOnly) {
        throw new StatefulFunctionsError(
          'SF_READ_ONLY',
          `a query of ${activation.address} changed state. Declare the operation as ask.`,
        );
      }
    } catch (error) {
      this.#fail(activation, envelope, invocation, error);
      return;
    }
    invocation.end();
    if (changed || invocation.extras?.forgets === true)
      this.#flow.state.commit(activation, envelope, invocation, changed);
    else if (!host.isSimple) host.settle(activation);
    if (!host.isSimple) activation.invocation = undefined;
    this.#release(activation, invocation);
    if (activation.state !== 'idle') this.#next(activation);
  }

  /** Lets what an invocation held back take effect. */
  #release(activation: Activation, invocation: Invocation): void {
    const { send1, record1, extras, headers } = invocation;
    if (send1 !== undefined) this.#flow.send(send1);
    if (record1 !== undefined) record1.target.add(record1.value, headers);
    if (extras === undefined) return;
    const { sends, records, timers, cancels, replies } = extras;
    if (records !== undefined) for (const { target, value } of records) target.add(value, headers);
    if (sends !== undefined) for (const envelope of sends) this.#flow.send(envelope);
    if (timers !== undefined) for (const timer of timers) this.#flow.timers.set(timer);
    if (cancels !== undefined) for (const token of cancels) this.#flow.timers.cancel(token, activation.address);
    if (replies !== undefined) {
      for (const { target, reply } of replies)
        this.#flow.outlets.reply(target as ClientReplyTarget, reply, activation.address);
    }
  }

  /** After an asynchronous invocation, what came meanwhile is next. */
  #next(activation: Activation): void {
    activation.current = undefined;
    activation.invocation = undefined;
    this.#flow.free(activation);
  }

  #answer(activation: Activation, envelope: Envelope, invocation: Invocation, result: unknown): void {
    const { reply } = envelope;
    if (reply === undefined || result instanceof ReplyHandle) return;
    if (activation.host.kindOf(envelope.operation) === 'send') {
      // A client that waits for a plain message to be handled.
      if (reply.kind === 'client') invocation.addReply(reply, { ok: true, value: undefined });
      return;
    }
    invocation.addReply(reply, { ok: true, value: copyValue(result) });
  }

  #fail(activation: Activation, envelope: Envelope, invocation: Invocation, thrown: unknown): void {
    invocation.end();
    activation.invocation = undefined;
    activation.host.undo(activation);
    activation.current = undefined;
    activation.state = 'idle';
    if (invocation.extras?.doomed !== undefined) {
      this.#reload(activation, envelope, invocation.extras.doomed);
      return;
    }
    const error = asError(thrown);
    const { host } = activation;
    host.figures.failures += 1;
    this.#flow.onFailure(envelope, error);
    const isFinal =
      isPermanent(error) || envelope.attempt >= host.maxAttempts || host.kindOf(envelope.operation) === 'query';
    if (isFinal) {
      this.bury(activation, envelope, error);
      this.#flow.occupy(activation);
      this.#flow.free(activation);
      return;
    }
    const backoffMs = Math.min(host.maxBackoffMs, host.backoffMs * 2 ** (envelope.attempt - 1));
    const delayMs = backoffMs * (0.5 + randomFraction(this.#flow.platform.random) / 2);
    this.#flow.logger.warn(
      { address: String(activation.address), invocationId: envelope.id, attempt: envelope.attempt, err: error },
      'handler failed; will retry',
    );
    host.figures.retries += 1;
    const retryAtMs = this.#flow.now() + Math.ceil(delayMs);
    this.#flow.retryLater(activation, envelope.proceed({ attempt: envelope.attempt + 1, retryAtMs }), delayMs);
  }

  /** The handler read what is not in memory: loads it and runs the handler again, which does not count as a retry. */
  #reload(activation: Activation, envelope: Envelope, doomed: () => Promise<void>): void {
    const count = (this.#dooms.get(envelope) ?? 0) + 1;
    this.#dooms.set(envelope, count);
    activation.current = envelope;
    const loading = count < dooms ? doomed() : loadAll(activation);
    this.#flow.awaitLoading(activation, loading);
  }

  /** Gives a message up: it becomes a dead letter, and whoever asked is told. */
  bury(activation: Activation, envelope: Envelope, error: Error): void {
    const { reply } = envelope;
    const code = error instanceof StatefulFunctionsError ? error.code : 'SF_HANDLER_FAILED';
    if (reply !== undefined) {
      const failure: Reply<unknown> = { ok: false, error: { code, message: error.message } };
      const invocation = new Invocation(this.#flow, activation, envelope, false);
      invocation.addReply(reply, failure);
      this.#release(activation, invocation);
      // Whoever waits outside is told, and a query leaves nothing behind that would be worth a dead letter. One that ended the
      // process left nobody waiting.
      if (code !== 'SF_POISONED' && activation.host.kindOf(envelope.operation) === 'query') return;
    }
    this.#flow.deadLetter({
      code,
      error: error.message,
      address: String(envelope.target),
      operation: envelope.operation,
      invocationId: envelope.id,
      attempts: envelope.attempt,
      caller: envelope.caller === undefined ? undefined : String(envelope.caller),
      where: undefined,
      message: envelope.message,
    });
  }

  /**
   * Takes out the pending timeout that stands for an ask, and hands out the answer if it was there. If not, the answer is too late, or
   * the second: the timeout has been delivered, or the first.
   */
  #settle(activation: Activation, envelope: Envelope): void {
    const taken = this.#flow.timers.take(envelope.settles as CancellationToken, activation.address);
    if (taken === true) this.#run(activation, envelope.proceed({ settled: true }));
    if (taken === true || taken === false) return;
    activation.current = envelope;
    const settled = taken.then((isOurs) => {
      activation.current = isOurs ? envelope.proceed({ settled: true }) : undefined;
    });
    this.#flow.awaitLoading(activation, settled);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}

/** Brings all maps and lists of an activation into memory. */
async function loadAll(activation: Activation): Promise<void> {
  for (const cell of activation.cells ?? []) await cell?.loadAll();
}

/** Errors that no further attempt can mend. */
function isPermanent(error: Error): boolean {
  return error instanceof StatefulFunctionsError && error.code === 'SF_UNKNOWN_OPERATION';
}
