import { encode } from '../codec/codec.js';
import { encodeWithList } from '../codec/list-form.js';
import type { BlobStore } from '../ports/blob-store.js';
import { nextTurn, type Scheduler } from '../ports/scheduler.js';
import type { Headers } from '../sdk/context.js';
import { timerKey } from '../state/key.js';
import type { SegmentRef } from '../state/segment.js';
import type { Entry } from '../state/segment-set.js';
import { SegmentWriter } from '../state/segment-writer.js';
import type { ChannelItem } from '../worker/channel-item.js';
import { MessageEncoder } from '../worker/message-codec.js';
import { storeTimer } from '../worker/message-form.js';
import type { WorkerCut } from '../worker/worker.js';
import { EncodedItem, encodeInFlight } from './in-flight.js';
import type { PartRef } from './manifest.js';
import { inlinedName } from './part-name.js';
import { PartStore } from './part-store.js';

/** A worker's part of a checkpoint, as it lies in the blob store. */
export interface WrittenPart {
  /** What changed of state and timers; `undefined` for nothing. */
  readonly segment: SegmentRef | undefined;
  /** What is in flight; `undefined` for nothing. */
  readonly inFlight: PartRef | undefined;
  /** All of it, if it is for the manifest to hold; `undefined` if it is in a blob, or there is nothing. */
  readonly inlined: Uint8Array | undefined;
}

/** Where a part is to be written. */
export interface PartPlace {
  readonly store: BlobStore;
  readonly scheduler: Scheduler;
  /** The blob that it is to be, if it is one. */
  readonly blob: string;
  /** A part of no more bytes than this is left to the manifest. */
  readonly inlineBytes: number;
  readonly slot: number;
}

/** What crossed the cut on the channels of a worker. */
export interface ChannelCapture {
  /** Arrived after the cut, and was sent before the sender's: as it came, in encodings of `MessageEncoder`. */
  readonly recorded: readonly Uint8Array[];
  /** Was not on its way yet. */
  readonly unsent: readonly ChannelItem[];
}

/** One thing in flight, as the part holds it. In the order in which they are put back, but for what was not sent yet. */
export type StoredInFlight =
  /**
   * What waits or is on its way between workers, many items in one encoding of `MessageEncoder`. What was not sent yet comes behind
   * what any other part holds for the same receiver.
   */
  | { readonly kind: 'items'; readonly encoding: Uint8Array; readonly unsent: boolean }
  | {
      /** Records of one egress and one checkpoint, many in an item. */
      readonly kind: 'egress';
      readonly egress: string;
      /** What their ids begin with; `undefined` for those that are new in this checkpoint. */
      readonly prefix: string | undefined;
      /** The number of the first. */
      readonly first: number;
      readonly values: readonly unknown[];
      /** Of each record; `undefined` when none has any. */
      readonly headers: readonly Headers[] | undefined;
    };

const timersPerSlice = 512;
/** Bytes of items in one encoding: half a block. */
const encodingBytes = 32 * 1024;

/**
 * Encodes a cut, a slice at a time, and writes it as one blob: the segment of changed state and timers, then what is in
 * flight. Nothing is written where there is nothing of either, and where it is so little that the manifest may hold it.
 *
 * @param channels resolves once everything has arrived that was sent before its sender's cut.
 */
export async function writePart(
  cut: WorkerCut,
  channels: Promise<ChannelCapture> | undefined,
  { store, scheduler, blob, inlineBytes, slot }: PartPlace,
): Promise<WrittenPart> {
  const segment = await encodeSegment(cut, scheduler, blob);
  const blocks: Uint8Array[] = [];
  let inFlightLength = 0;
  for (const block of encodeInFlight(inFlightItems(cut, await channels))) {
    blocks.push(block);
    inFlightLength += block.length;
    await nextTurn(scheduler);
  }
  const offset = segment?.ref.length ?? 0;
  if (offset + inFlightLength === 0) return { segment: undefined, inFlight: undefined, inlined: undefined };
  const part = new PartStore(store, store, inlineBytes);
  // The name is nobody else's: "exists" means that the store's client tried twice, and the first time got through.
  await part.put(blob, chunksOf(segment?.chunks ?? [], blocks));
  const { inlined } = part;
  const name = inlined === undefined ? blob : inlinedName(blob);
  return {
    segment: segment && { ...segment.ref, blob: name },
    inFlight: inFlightLength === 0 ? undefined : { slot, blob: name, offset, length: inFlightLength },
    inlined,
  };
}

async function encodeSegment(
  cut: WorkerCut,
  scheduler: Scheduler,
  blob: string,
): Promise<{ ref: SegmentRef; chunks: Uint8Array[] } | undefined> {
  if (cut.state.activations.length === 0 && cut.timers.size === 0) return undefined;
  const writer = new SegmentWriter(blob);
  const timers = await timerEntries(cut, scheduler, writer);
  const timerGroups = [...timers.keys()].sort((a, b) => a - b);
  let next = 0;
  const addTimersBefore = (keyGroup: number) => {
    for (; next < timerGroups.length && (timerGroups[next] as number) < keyGroup; next += 1) {
      for (const entry of timers.get(timerGroups[next] as number) as Entry[]) writer.add(entry);
    }
  };
  await cut.state.write(writer, addTimersBefore);
  addTimersBefore(Number.POSITIVE_INFINITY);
  await writer.prepareFinish(() => nextTurn(scheduler));
  return writer.finish();
}

/** Set and removed timers by key group, sorted; notes in the segment which functions they are for. */
async function timerEntries(
  cut: WorkerCut,
  scheduler: Scheduler,
  writer: SegmentWriter,
): Promise<Map<number, Entry[]>> {
  const groups = new Map<number, Entry[]>();
  let count = 0;
  for (const [id, { keyGroup, dueMs, timer }] of cut.timers) {
    const value = timer === undefined ? undefined : encode(storeTimer(timer));
    if (timer !== undefined) writer.noteTimersFor(timer.envelope.target.type.name);
    const entry: Entry = { key: timerKey(keyGroup, dueMs, id), value };
    const group = groups.get(keyGroup);
    if (group === undefined) groups.set(keyGroup, [entry]);
    else group.push(entry);
    if (++count % timersPerSlice === 0) await nextTurn(scheduler);
  }
  count = 0;
  for (const entries of groups.values()) {
    entries.sort((a, b) => Buffer.compare(a.key, b.key));
    count += entries.length;
    if (count < timersPerSlice) continue;
    count = 0;
    await nextTurn(scheduler);
  }
  return groups;
}

function* inFlightItems(
  { inFlight, egresses }: WorkerCut,
  channels: ChannelCapture | undefined,
): Iterable<StoredInFlight | EncodedItem> {
  for (const encoding of encodingsOf([inFlight.current, ...inFlight.waiting]))
    yield { kind: 'items', encoding, unsent: false };
  for (const [egress, { runs }] of egresses) {
    for (const { prefix, first, done, values, headers } of runs) {
      for (const piece of values.pieces(done)) {
        const fields = {
          kind: 'egress',
          egress,
          prefix,
          first: first + piece.first,
          headers: headers?.slice(piece.first, piece.first + piece.count),
        };
        yield new EncodedItem(encodeWithList(fields, 'values', piece.count, piece.bytes));
      }
    }
  }
  for (const encoding of channels?.recorded ?? []) yield { kind: 'items', encoding, unsent: false };
  for (const encoding of encodingsOf([channels?.unsent ?? []])) yield { kind: 'items', encoding, unsent: true };
}

/** Items in encodings, each of which is valid until the next. */
function* encodingsOf(queues: Iterable<Iterable<ChannelItem>>): Iterable<Uint8Array> {
  const encoder = new MessageEncoder();
  let isEmpty = true;
  for (const queue of queues) {
    for (const item of queue) {
      encoder.add(item);
      isEmpty = encoder.length >= encodingBytes;
      if (!isEmpty) continue;
      yield encoder.bytes;
      encoder.clear();
    }
  }
  if (!isEmpty) yield encoder.bytes;
}

/** What the ids of records that were new in a checkpoint begin with: the same whenever that checkpoint is recovered. */
export function egressPrefix(logId: string, logIndex: number, slot: number): string {
  return `${logId}-${logIndex}-${slot}`;
}

async function* chunksOf(...lists: Uint8Array[][]): AsyncIterable<Uint8Array> {
  for (const list of lists) yield* list;
}
