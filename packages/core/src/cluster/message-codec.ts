import { isContractAddress, referenceType } from '../codec/reference.js';
import { Envelope, noHeaders } from '../dispatch/envelope.js';
import type { FunctionHost } from '../dispatch/function-host.js';
import type { AnyAddress } from '../sdk/address.js';
import type { Headers } from '../sdk/context.js';
import { invariant, StatefulFunctionsError } from '../sdk/errors.js';
import { type CancellationToken, ReplyHandle } from '../sdk/reply.js';
import { type ChannelItem, isRecord, type RecordItem } from '../worker/channel-item.js';
import { knownHost } from '../worker/message-form.js';
import { CompactReader, CompactWriter } from './compact-value.js';
import type { ItemCodec } from './item-codec.js';

const kind = { message: 0, record: 1, value: 2 } as const;

/** What a message has besides target, id and content; most have no more than a caller. */
const has = { caller: 1, operation: 2, rest: 4, contract: 8, callerContract: 16 } as const;

/** What few messages have. */
type Rest = readonly [
  headers: Headers,
  reply: ReplyHandle | undefined,
  attempt: number,
  retryAtMs: number,
  settles: CancellationToken | undefined,
  settled: boolean,
];

/** A function type as the addresses of one encoding refer to it. */
interface KnownType {
  readonly type: { at(id: string): AnyAddress };
  readonly host: FunctionHost | undefined;
}

/**
 * Encodes what crosses from one worker to another, many items at a time.
 *
 * **Details** Names of types, operations and egresses stand in an encoding once, and are referred to by number. Messages are
 * envelopes on both sides: making their stored form would cost as much as encoding it.
 */
export class MessageCodec implements ItemCodec {
  readonly #hostOf: (typeName: string) => FunctionHost;
  readonly #writer = new CompactWriter();
  /** Names in the present encoding, with their numbers. */
  readonly #names = new Map<string, number>();

  constructor(hostOf: (typeName: string) => FunctionHost) {
    this.#hostOf = hostOf;
  }

  encode(items: readonly unknown[]): Uint8Array {
    const writer = this.#writer;
    writer.clear();
    this.#names.clear();
    writer.int32(items.length);
    for (const item of items as readonly ChannelItem[]) {
      if (item instanceof Envelope) this.#writeMessage(item);
      else if (isRecord(item)) this.#writeRecord(item);
      else {
        writer.byte(kind.value);
        writer.value(item);
      }
    }
    return writer.bytes;
  }

  decode(bytes: Uint8Array): readonly unknown[] {
    try {
      return new Reading(new CompactReader(bytes), this.#hostOf).items();
    } catch (cause) {
      if (cause instanceof StatefulFunctionsError) throw cause;
      const message = 'what another worker sent holds no items. Have all workers run the same program.';
      throw new StatefulFunctionsError('SF_DAMAGED', message, { cause });
    }
  }

  #writeMessage(envelope: Envelope): void {
    const writer = this.#writer;
    const { target, caller, operation, message } = envelope;
    const rest = restOf(envelope);
    writer.byte(kind.message);
    writer.byte(
      (caller === undefined ? 0 : has.caller) |
        (operation === undefined ? 0 : has.operation) |
        (rest === undefined ? 0 : has.rest) |
        (isContractAddress(target) ? has.contract : 0) |
        (caller !== undefined && isContractAddress(caller) ? has.callerContract : 0),
    );
    this.#writeName(target.type.name);
    writer.text(target.id);
    writer.int32(envelope.idA);
    writer.int32(envelope.idB);
    writer.int32(envelope.idC);
    writer.int32(envelope.idD);
    if (caller !== undefined) {
      this.#writeName(caller.type.name);
      writer.text(caller.id);
    }
    if (operation !== undefined) this.#writeName(operation);
    if (rest !== undefined) writer.value(rest);
    writer.value(message);
  }

  #writeRecord([, egress, value, headers]: RecordItem): void {
    const writer = this.#writer;
    writer.byte(kind.record);
    this.#writeName(egress);
    writer.value(headers === noHeaders ? undefined : headers);
    writer.value(value);
  }

  #writeName(name: string): void {
    const known = this.#names.get(name);
    this.#writer.value(known ?? name);
    if (known === undefined) this.#names.set(name, this.#names.size);
  }
}

function restOf({ headers, reply, attempt, retryAtMs, settles, settled }: Envelope): Rest | undefined {
  const isPlain = headers === noHeaders && reply === undefined && settles === undefined;
  if (isPlain && attempt === 1 && retryAtMs === 0 && !settled) return undefined;
  return [headers, reply === undefined ? undefined : new ReplyHandle(reply), attempt, retryAtMs, settles, settled];
}

/** One encoding being read. */
class Reading {
  readonly #reader: CompactReader;
  readonly #hostOf: (typeName: string) => FunctionHost;
  readonly #names: string[] = [];
  /** By the number of the name, twice: for plain addresses, and for those of contracts. */
  readonly #types: KnownType[] = [];

  constructor(reader: CompactReader, hostOf: (typeName: string) => FunctionHost) {
    this.#reader = reader;
    this.#hostOf = hostOf;
  }

  items(): readonly unknown[] {
    const reader = this.#reader;
    const items: unknown[] = [];
    for (let left = reader.int32(); left > 0; left -= 1) {
      const what = reader.byte();
      if (what === kind.message) items.push(this.#message());
      else if (what === kind.record) items.push(this.#record());
      else {
        invariant(what === kind.value, 'an item is of a kind that is known');
        items.push(reader.value());
      }
    }
    invariant(reader.isAtEnd, 'items end with their encoding');
    return items;
  }

  #message(): Envelope {
    const reader = this.#reader;
    const flags = reader.byte();
    const { type, host } = this.#typeOf(this.#name(), (flags & has.contract) !== 0, true);
    const target = type.at(reader.text());
    const idA = reader.int32();
    const idB = reader.int32();
    const idC = reader.int32();
    const idD = reader.int32();
    const caller = (flags & has.caller) === 0 ? undefined : this.#caller((flags & has.callerContract) !== 0);
    const operation = (flags & has.operation) === 0 ? undefined : (this.#names[this.#name()] as string);
    const rest = (flags & has.rest) === 0 ? undefined : (reader.value() as Rest);
    const message = reader.value();
    const headers = rest === undefined ? noHeaders : rest[0];
    const envelope = new Envelope(host as FunctionHost, target, message, operation, caller, headers, rest?.[1]?.target);
    envelope.idA = idA;
    envelope.idB = idB;
    envelope.idC = idC;
    envelope.idD = idD;
    if (rest !== undefined) [, , envelope.attempt, envelope.retryAtMs, envelope.settles, envelope.settled] = rest;
    return envelope;
  }

  #caller(isContract: boolean): AnyAddress {
    const { type } = this.#typeOf(this.#name(), isContract, false);
    return type.at(this.#reader.text());
  }

  #record(): RecordItem {
    const egress = this.#names[this.#name()] as string;
    const headers = (this.#reader.value() as Headers | undefined) ?? noHeaders;
    return ['record', egress, this.#reader.value(), headers];
  }

  /** The number of a name. */
  #name(): number {
    const name = this.#reader.value();
    if (typeof name === 'number') return name;
    return this.#names.push(name as string) - 1;
  }

  /** @param isTarget what is sent to must be bound here; who sent it need not be. */
  #typeOf(number: number, isContract: boolean, isTarget: boolean): KnownType {
    const at = 2 * number + (isContract ? 1 : 0);
    const known = this.#types[at];
    if (known !== undefined && (!isTarget || known.host !== undefined)) return known;
    const name = this.#names[number] as string;
    const made = { type: referenceType(name, isContract), host: isTarget ? knownHost(name, this.#hostOf) : undefined };
    this.#types[at] = made;
    return made;
  }
}
