import { isContractAddress, referenceType } from '../codec/reference.js';
import { Envelope, noHeaders } from '../dispatch/envelope.js';
import type { FunctionHost } from '../dispatch/function-host.js';
import type { AnyAddress } from '../sdk/address.js';
import type { Headers } from '../sdk/context.js';
import { invariant, StatefulFunctionsError } from '../sdk/errors.js';
import { type CancellationToken, ReplyHandle } from '../sdk/reply.js';
import { type ChannelItem, isRecord, type RecordItem, type ReplyItem } from './channel-item.js';
import { CompactReader, CompactWriter } from './compact-value.js';

const kind = { message: 0, record: 1, reply: 2 } as const;

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
  /** `undefined` for one whose messages are left out. */
  readonly host: FunctionHost | undefined;
  readonly isTarget: boolean;
}

/**
 * Finds the host of a function that messages are for, the first of them for this id; `undefined` if all such messages are to be left
 * out. It may throw.
 */
export type HostOf = (typeName: string, id: string) => FunctionHost | undefined;

/**
 * Encodes what is in flight, many items at a time: for the way to another worker, and for a checkpoint.
 *
 * Checkpoints hold encodings: with another layout, `storeFormat` is another.
 *
 * **Details** Names of types, operations and egresses stand in an encoding once, and are referred to by number. Messages are
 * envelopes on both sides: making a value of each would cost as much as encoding it.
 */
export class MessageEncoder {
  readonly #writer = new CompactWriter();
  /** Names in the present encoding, with their numbers. */
  readonly #names = new Map<string, number>();

  /** Bytes of the present encoding. */
  get length(): number {
    return this.#writer.length;
  }

  /** The present encoding, once it has an item: a view, valid until something more is done. */
  get bytes(): Uint8Array {
    return this.#writer.bytes;
  }

  /** Begins another. */
  clear(): void {
    this.#names.clear();
    this.#writer.clear();
  }

  /** Adds an item as it is now. What it holds must have been copied before. */
  add(item: ChannelItem): void {
    if (item instanceof Envelope) this.#message(item);
    else if (isRecord(item)) this.#record(item);
    else {
      this.#writer.byte(kind.reply);
      this.#writer.value(item);
    }
  }

  #message(envelope: Envelope): void {
    const writer = this.#writer;
    const { target, caller, operation, message } = envelope;
    const rest = envelope.isPlain ? undefined : restOf(envelope);
    writer.byte(kind.message);
    writer.byte(
      (caller === undefined ? 0 : has.caller) |
        (operation === undefined ? 0 : has.operation) |
        (rest === undefined ? 0 : has.rest) |
        (isContractAddress(target) ? has.contract : 0) |
        (caller !== undefined && isContractAddress(caller) ? has.callerContract : 0),
    );
    this.#name(target.type.name);
    writer.text(target.id);
    writer.int32(envelope.idA);
    writer.int32(envelope.idB);
    writer.int32(envelope.idC);
    writer.int32(envelope.idD);
    if (caller !== undefined) {
      this.#name(caller.type.name);
      writer.text(caller.id);
    }
    if (operation !== undefined) this.#name(operation);
    if (rest !== undefined) writer.value(rest);
    writer.value(message);
  }

  #record([, egress, value, headers]: RecordItem): void {
    const writer = this.#writer;
    writer.byte(kind.record);
    this.#name(egress);
    writer.value(headers === noHeaders ? undefined : headers);
    writer.value(value);
  }

  #name(name: string): void {
    const known = this.#names.get(name);
    this.#writer.value(known ?? name);
    if (known === undefined) this.#names.set(name, this.#names.size);
  }
}

function restOf({ headers, reply, attempt, retryAtMs, settles, settled }: Envelope): Rest {
  return [headers, reply === undefined ? undefined : new ReplyHandle(reply), attempt, retryAtMs, settles, settled];
}

/** Takes apart what a `MessageEncoder` put together, which is one item at least. */
export class MessageDecoder {
  readonly #hostOf: HostOf;

  constructor(hostOf: HostOf) {
    this.#hostOf = hostOf;
  }

  /**
   * The items of an encoding, without the messages that are left out: new ones, which share nothing with it.
   *
   * @throws SF_DAMAGED, SF_BROKEN_INVARIANT, and whatever finding a host throws
   */
  decode(bytes: Uint8Array): readonly ChannelItem[] {
    try {
      return new Reading(new CompactReader(bytes), this.#hostOf).items();
    } catch (cause) {
      if (cause instanceof StatefulFunctionsError) throw cause;
      const message = 'what was in flight holds no items. Have all workers run the same program.';
      throw new StatefulFunctionsError('SF_DAMAGED', message, { cause });
    }
  }
}

/** One encoding being read. */
class Reading {
  readonly #reader: CompactReader;
  readonly #hostOf: HostOf;
  readonly #names: string[] = [];
  /** By the number of the name, twice: for plain addresses, and for those of contracts. */
  readonly #types: KnownType[] = [];

  constructor(reader: CompactReader, hostOf: HostOf) {
    this.#reader = reader;
    this.#hostOf = hostOf;
  }

  items(): readonly ChannelItem[] {
    const reader = this.#reader;
    const items: ChannelItem[] = [];
    do {
      const what = reader.byte();
      if (what === kind.message) {
        const message = this.#message();
        if (message !== undefined) items.push(message);
      } else if (what === kind.record) items.push(this.#record());
      else {
        invariant(what === kind.reply, 'an item is of a kind that is known');
        items.push(reader.value() as ReplyItem);
      }
    } while (!reader.isAtEnd);
    return items;
  }

  #message(): Envelope | undefined {
    const reader = this.#reader;
    const flags = reader.byte();
    const name = this.#name();
    const id = reader.text();
    const { type, host } = this.#typeOf(name, (flags & has.contract) !== 0, id);
    const target = type.at(id);
    const idA = reader.int32();
    const idB = reader.int32();
    const idC = reader.int32();
    const idD = reader.int32();
    const caller = (flags & has.caller) === 0 ? undefined : this.#caller((flags & has.callerContract) !== 0);
    const operation = (flags & has.operation) === 0 ? undefined : (this.#names[this.#name()] as string);
    const rest = (flags & has.rest) === 0 ? undefined : (reader.value() as Rest);
    const message = reader.value();
    if (host === undefined) return undefined;
    const headers = rest === undefined ? noHeaders : rest[0];
    const envelope = new Envelope(host, target, message, operation, caller, headers, rest?.[1]?.target);
    envelope.idA = idA;
    envelope.idB = idB;
    envelope.idC = idC;
    envelope.idD = idD;
    if (rest !== undefined) [, , envelope.attempt, envelope.retryAtMs, envelope.settles, envelope.settled] = rest;
    return envelope;
  }

  #caller(isContract: boolean): AnyAddress {
    const { type } = this.#typeOf(this.#name(), isContract, undefined);
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

  /** @param targetId whom a message is for; `undefined` of who sent one, and needs no host here. */
  #typeOf(number: number, isContract: boolean, targetId: string | undefined): KnownType {
    const at = 2 * number + (isContract ? 1 : 0);
    const known = this.#types[at];
    if (known !== undefined && (known.isTarget || targetId === undefined)) return known;
    const name = this.#names[number] as string;
    const host = targetId === undefined ? undefined : this.#hostOf(name, targetId);
    const made = { type: referenceType(name, isContract), host, isTarget: targetId !== undefined };
    this.#types[at] = made;
    return made;
  }
}
