import { readInFlight } from '../checkpoint/in-flight.js';
import type { CheckpointEntry } from '../checkpoint/manifest.js';
import { PartReader } from '../checkpoint/part-reader.js';
import type { StoredInFlight } from '../checkpoint/part-writer.js';
import { decode } from '../codec/codec.js';
import { Envelope } from '../dispatch/envelope.js';
import type { BlobReader, BlobStore } from '../ports/blob-store.js';
import { StatefulFunctionsError } from '../sdk/errors.js';
import { BlockCache } from '../state/block-cache.js';
import { parseKey, timerRange, typeRange } from '../state/key.js';
import { SegmentSet } from '../state/segment-set.js';
import { isRecord } from '../worker/channel-item.js';
import { MessageDecoder } from '../worker/message-codec.js';
import type { StoredTimer } from '../worker/message-form.js';
import type { Bindings } from './bindings.js';

/** So that a block with several key groups is read once. */
const cacheBytes = 4 * 1024 * 1024;

/**
 * Checks that everything a checkpoint holds something of is still bound, or was given up with `binder.retire`: found here, at
 * start and before anything is written, and not a year later when a timer fires.
 *
 * @throws SF_REMOVED_FUNCTION, SF_REMOVED_CONNECTOR; SF_DAMAGED, SF_MISSING_BLOB.
 */
export async function checkBoundNames(store: BlobStore, manifest: CheckpointEntry, bindings: Bindings): Promise<void> {
  const isKnown = (name: string) => bindings.functionOf(name) !== undefined || bindings.retired.has(name);
  const reader = PartReader.of(store, manifest);
  const segments = new SegmentSet(reader, new BlockCache(cacheBytes));
  segments.replace(manifest.segments);
  await checkState(segments, manifest, isKnown);
  for (const name of Object.keys(manifest.ingresses)) {
    if (bindings.ingresses.has(name) || bindings.retired.has(name)) continue;
    throw removedConnector(`the ingress ${name} was read up to a position`, name);
  }
  await checkInFlight(reader, manifest, bindings, isKnown);
  await checkTimers(segments, manifest, isKnown);
}

/**
 * Segments name types whose state may have been forgotten since. Only when one of them is not bound, its keys are looked
 * through: it has state where there is a record, since entries of maps and lists count for nothing without theirs.
 */
async function checkState(
  segments: SegmentSet,
  { settings, applicationTimeMs }: CheckpointEntry,
  isKnown: (name: string) => boolean,
): Promise<void> {
  for (const name of new Set(segments.refs.flatMap(({ types }) => types))) {
    if (isKnown(name)) continue;
    for (let keyGroup = 0; keyGroup < settings.maxParallelism; keyGroup += 1) {
      const { from, to } = typeRange(keyGroup, name);
      for await (const { key, expiresAtMs = Number.POSITIVE_INFINITY } of segments.scan(from, to)) {
        const parsed = parseKey(key);
        if (parsed.kind !== 'record' || expiresAtMs <= applicationTimeMs) continue;
        throw removedFunction(name, `${name}/${parsed.id} has state`);
      }
    }
  }
}

async function checkInFlight(
  store: BlobReader,
  { parts }: CheckpointEntry,
  bindings: Bindings,
  isKnown: (name: string) => boolean,
): Promise<void> {
  // It asks once for each function that messages are for; they themselves are left out.
  const decoder = new MessageDecoder((name, id) => {
    if (!isKnown(name)) throw removedFunction(name, `a message to ${name}/${id} waits`);
    return undefined;
  });
  for (const part of parts) {
    for await (const item of readInFlight(store, part.blob, part.offset, part.length)) {
      const stored = item as StoredInFlight;
      if (stored.kind === 'egress') checkEgress(stored.egress);
      else {
        for (const left of decoder.decode(stored.encoding))
          if (!(left instanceof Envelope) && isRecord(left)) checkEgress(left[1]);
      }
    }
  }

  function checkEgress(name: string): void {
    if (bindings.egresses.has(name) || bindings.retired.has(name)) return;
    throw removedConnector(`records for the egress ${name} wait to be published`, name);
  }
}

/** Segments name types whose timers may have fired since. Only when one of them is not bound, the timers are looked through. */
async function checkTimers(
  segments: SegmentSet,
  { settings }: CheckpointEntry,
  isKnown: (name: string) => boolean,
): Promise<void> {
  if (segments.refs.every(({ timerTypes = [] }) => timerTypes.every(isKnown))) return;
  for (let keyGroup = 0; keyGroup < settings.maxParallelism; keyGroup += 1) {
    const { from, to } = timerRange(keyGroup, 0, Number.MAX_SAFE_INTEGER);
    for await (const { value } of segments.scan(from, to)) {
      const [, , [target]] = decode(value as Uint8Array) as StoredTimer;
      if (!isKnown(target.type.name)) throw removedFunction(target.type.name, `a timer for ${target} is pending`);
    }
  }
}

function removedFunction(name: string, what: string): StatefulFunctionsError {
  return new StatefulFunctionsError(
    'SF_REMOVED_FUNCTION',
    `${what}, but no module binds ${name}. Bind it again, or give up what it has with binder.retire(${JSON.stringify(name)}).`,
  );
}

function removedConnector(what: string, name: string): StatefulFunctionsError {
  return new StatefulFunctionsError(
    'SF_REMOVED_CONNECTOR',
    `${what}, but no module binds it. Bind it again, or give it up with binder.retire(${JSON.stringify(name)}).`,
  );
}
