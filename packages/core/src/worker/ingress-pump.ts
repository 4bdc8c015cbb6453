import { deriveId, Envelope, type MessageId, noHeaders } from '../dispatch/envelope.js';
import type { FunctionHost } from '../dispatch/function-host.js';
import { operationProxy } from '../dispatch/operation-proxy.js';
import type { ConnectorServices, IngressReader, IngressRecord, IngressSource } from '../ports/ingress-source.js';
import type { Position } from '../ports/position.js';
import type { AnyAddress } from '../sdk/address.js';
import type { Headers } from '../sdk/context.js';
import type { DeadLetter } from '../sdk/dead-letter.js';
import { asError, StatefulFunctionsError } from '../sdk/errors.js';
import type { Ingress } from '../sdk/ingress.js';
import type { ReplyTarget } from '../sdk/reply.js';
import type { Downstream, Router } from '../sdk/router.js';
import { validate } from '../sdk/schema.js';
import type { StoredMessage } from './message-form.js';
import { Patience } from './patience.js';

/** One ingress of an application, as its modules bind it. */
export interface BoundIngress {
  readonly ingress: Ingress<unknown>;
  readonly source: IngressSource<unknown>;
  readonly routers: readonly Router<unknown>[];
}

/** What a pump needs of its worker. */
export interface PumpServices extends ConnectorServices {
  hostAt(to: AnyAddress): FunctionHost;
  enqueue(envelope: Envelope): void;
  deadLetter(letter: DeadLetter): void;
  /** The pump has records: its `route` is to be called, again and again, whenever there is room for more messages. */
  hasRecords(pump: IngressPump): void;
  failed(error: unknown): void;
  /** The position has advanced, or the source has ended. */
  moved(): void;
}

/** How far an ingress has come. */
export interface PumpProgress {
  readonly position: Position;
  readonly routed: number;
}

const batchSize = 1_024;

/**
 * Pulls records from one source, and routes them as the worker asks for them.
 *
 * Invariant: the position advances with the forwards of its record in one synchronous step, so a cut always finds the two
 * together. Message ids derive from the ingress and the number of the record, and are the same when it is read again.
 *
 * **Details** A source that fails is opened anew behind the last record that was routed. What a coded error says does not pass by
 * itself, and is not tried again.
 */
export class IngressPump {
  readonly #seed: MessageId;
  readonly #record: MessageId = { idA: 0, idB: 0, idC: 0, idD: 0 };
  readonly #patience: Patience;
  #opening: Promise<IngressReader<unknown>> | undefined;
  /** `undefined` before it is opened, and after it has failed. */
  #reader: IngressReader<unknown> | undefined;
  #position: Position | undefined;
  #routed: number;
  #ended = false;
  #stopped = false;
  #running: Promise<void> | undefined;
  /** What was read, how many of it are routed, and what to call when all are. */
  #records: readonly IngressRecord<unknown>[] = [];
  #next = 0;
  #emptied: () => void = () => {};

  constructor(
    readonly name: string,
    readonly bound: BoundIngress,
    readonly services: PumpServices,
    progress: PumpProgress | undefined,
    seed: MessageId,
  ) {
    this.#position = progress?.position;
    this.#routed = progress?.routed ?? 0;
    this.#seed = seed;
    this.#patience = new Patience(services.platform.scheduler);
  }

  get progress(): PumpProgress {
    return { position: this.#position, routed: this.#routed };
  }

  /** Records that are known to be there and are not routed yet; `undefined` where the source cannot tell. */
  get lag(): number | undefined {
    const behind = this.#reader?.lag?.();
    return behind === undefined ? undefined : behind + this.#records.length - this.#next;
  }

  /** Whether the source has ended and all of it is routed. */
  get ended(): boolean {
    return this.#ended;
  }

  async open(): Promise<void> {
    await this.#openReader();
    this.#running = this.#run();
  }

  /** Tells the source what it may let go of. One that does not hear it is told more with the next checkpoint. */
  async acknowledge(position: Position): Promise<void> {
    if (this.#stopped || position === undefined) return;
    try {
      await this.#reader?.acknowledge?.(position);
    } catch (error) {
      if (error instanceof StatefulFunctionsError) throw error;
      this.services.logger.warn({ err: error, ingress: this.name }, 'a source failed to take an acknowledgement');
    }
  }

  /** Stops reading; what is routed stays routed. */
  async close(): Promise<void> {
    this.#stopped = true;
    this.#emptied();
    this.#patience.end();
    // One that is still being opened would read on for ever, and get in the way of whoever reads next.
    const reader = await this.#opening?.catch(() => undefined);
    await reader?.close();
    await this.#running;
  }

  async #run(): Promise<void> {
    try {
      while (!this.#stopped) {
        const records = await this.#read();
        if (records === undefined) break;
        if (records.length > 0 && !this.#stopped) await this.#whenRouted(records);
        this.services.moved();
      }
      if (this.#stopped) return;
      this.#ended = true;
      this.services.moved();
    } catch (cause) {
      const error = cause instanceof StatefulFunctionsError ? cause : sourceError(this.name, cause);
      this.services.failed(error);
    }
  }

  async #openReader(): Promise<IngressReader<unknown>> {
    const { platform, logger } = this.services;
    this.#opening = this.bound.source.open(this.#position, { platform, logger });
    this.#reader = await this.#opening;
    return this.#reader;
  }

  /** What the source has next; `undefined` when it has ended, or the pump is closed. @throws what cannot pass, or does not */
  async #read(): Promise<readonly IngressRecord<unknown>[] | undefined> {
    while (!this.#stopped) {
      try {
        const reader = this.#reader ?? (await this.#openReader());
        const records = await reader.read(batchSize);
        this.#patience.succeeded();
        return records;
      } catch (error) {
        if (this.#stopped) return undefined;
        if (error instanceof StatefulFunctionsError) throw error;
        this.services.logger.warn({ err: error, ingress: this.name }, 'a source failed; will open it anew');
        if (!(await this.#patience.pause())) {
          if (this.#stopped) return undefined;
          throw error;
        }
        await this.#reader?.close().catch(() => undefined); // It has failed, and nobody relies on it.
        this.#reader = undefined;
      }
    }
    return undefined;
  }

  #whenRouted(records: readonly IngressRecord<unknown>[]): Promise<void> {
    this.#records = records;
    this.#next = 0;
    return new Promise((resolve) => {
      this.#emptied = resolve;
      this.services.hasRecords(this);
    });
  }

  /** Routes some of what was read; whether there is more. What was read is not routed any more once the pump is closed. */
  route(most: number): boolean {
    if (this.#stopped) return false;
    const records = this.#records;
    const end = Math.min(records.length, this.#next + most);
    try {
      while (this.#next < end) this.#route(records[this.#next++] as IngressRecord<unknown>);
    } catch (error) {
      this.#stopped = true;
      this.services.failed(error);
      return false;
    }
    if (end < records.length) return true;
    this.#records = [];
    this.#next = 0;
    this.#emptied();
    return false;
  }

  #route(record: IngressRecord<unknown>): void {
    deriveId(this.#record, this.#seed, this.#routed % 0x7fff_ffff);
    // Beyond 2^31 records the number alone would repeat.
    if (this.#routed >= 0x7fff_ffff) deriveId(this.#record, this.#record, Math.floor(this.#routed / 0x7fff_ffff));
    if ('malformed' in record) {
      const { where, reason, raw } = record.malformed;
      this.#bury('SF_MALFORMED_RECORD', `${where}: ${reason}`, raw, where);
    } else {
      try {
        this.#forward(record.value);
      } catch (thrown) {
        const error = asError(thrown);
        const code = error instanceof StatefulFunctionsError ? error.code : 'SF_ROUTER_FAILED';
        this.#bury(code, error.message, record.value, undefined);
      }
    }
    this.#position = record.position;
    this.#routed += 1;
  }

  #forward(value: unknown): void {
    const { ingress, routers } = this.bound;
    const message = ingress.schema === undefined ? value : validate(ingress.schema, value, `record of ${this.name}`);
    // Held back until every router has returned: one that throws forwards nothing.
    const forwards = new Forwards(this.services, this.#record);
    for (const router of routers) router.route(message, forwards);
    forwards.release();
  }

  #bury(code: string, error: string, message: unknown, where: string | undefined): void {
    const { name } = this;
    this.services.deadLetter({
      code,
      error,
      address: name,
      operation: undefined,
      invocationId: undefined,
      attempts: 1,
      caller: undefined,
      where,
      message,
    });
  }
}

/**
 * What the routers of one record forwarded; most forward once. One is made for each record, so that a router that kept it can do
 * no harm; its fields are TypeScript-private, which are cheaper to make than `#` ones.
 */
class Forwards implements Downstream {
  private first: Envelope | undefined = undefined;
  private more: Envelope[] | undefined = undefined;
  private count = 0;
  private ended = false;

  constructor(
    private readonly services: PumpServices,
    private readonly record: MessageId,
  ) {}

  /** Lets what was forwarded go; from now on a router that kept this is refused. */
  release(): void {
    this.ended = true;
    if (this.first !== undefined) this.services.enqueue(this.first);
    if (this.more !== undefined) for (const envelope of this.more) this.services.enqueue(envelope);
  }

  forward(to: AnyAddress, message: unknown): void {
    const host = this.services.hostAt(to);
    const { schema, name } = host.definition.type;
    this.push(host, to, undefined, schema === undefined ? message : validate(schema, message, `message to ${name}`));
  }

  to(address: AnyAddress): never {
    const host = this.services.hostAt(address);
    return operationProxy(address, host.definition.operations, 'send', (to, operation, message) => {
      this.push(host, to, operation, message);
    }) as never;
  }

  forwardStored([to, message, operation, , headers, handle]: StoredMessage): void {
    this.push(this.services.hostAt(to), to, operation, message, headers, handle?.target);
  }

  private push(
    host: FunctionHost,
    to: AnyAddress,
    operation: string | undefined,
    message: unknown,
    headers: Headers = noHeaders,
    reply?: ReplyTarget,
  ): void {
    if (this.ended) {
      throw new StatefulFunctionsError(
        'SF_CONTEXT_ENDED',
        'a router forwarded after it had returned. Routers are synchronous.',
      );
    }
    const copy = host.copierOf(operation).copy(message);
    const envelope = new Envelope(host, to, copy, operation, undefined, headers, reply);
    deriveId(envelope, this.record, this.count);
    this.count += 1;
    if (this.first === undefined) this.first = envelope;
    else {
      this.more ??= [];
      this.more.push(envelope);
    }
  }
}

/** Forwards a message of a client, which routers that users write cannot. */
export function forwardStored(downstream: Downstream, message: StoredMessage): void {
  (downstream as Forwards).forwardStored(message);
}

function sourceError(name: string, cause: unknown): StatefulFunctionsError {
  const message = `the source of ${name} failed: ${asError(cause).message}. Mend it and start again; nothing is lost.`;
  return new StatefulFunctionsError('SF_SOURCE', message, { cause });
}
