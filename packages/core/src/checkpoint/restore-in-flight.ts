import { Envelope } from '../dispatch/envelope.js';
import type { BlobReader } from '../ports/blob-store.js';
import { StatefulFunctionsError } from '../sdk/errors.js';
import type { ClientReplyTarget } from '../sdk/reply.js';
import { ValueColumn } from '../state/value-column.js';
import { type ChannelItem, isRecord } from '../worker/channel-item.js';
import { MessageDecoder } from '../worker/message-codec.js';
import { knownHost } from '../worker/message-form.js';
import type { Worker } from '../worker/worker.js';
import { readInFlight } from './in-flight.js';
import type { CheckpointEntry } from './manifest.js';
import { PartReader } from './part-reader.js';
import { egressPrefix, type StoredInFlight } from './part-writer.js';

/** Which of what was in flight is for this worker. */
export interface Shares {
  ownsId(id: string): boolean;
  ownsEgress(name: string): boolean;
  ownsClient(client: string): boolean;
  /** Whether a function type or egress was given up. */
  isRetired(name: string): boolean;
}

/**
 * Puts back what was in flight at the cut of a checkpoint, as far as it is this worker's: messages in their order, and records
 * and replies not known to have left.
 *
 * **Details** What one part holds for an address comes before what another had not sent to it yet; with that, messages from one
 * address to another are in the order they were sent, whoever had them at the cut and whoever has them now.
 */
export async function restoreInFlight(
  store: BlobReader,
  manifest: CheckpointEntry,
  worker: Worker,
  shares: Shares,
): Promise<void> {
  const { dispatcher } = worker;
  const decoder = new MessageDecoder((name) =>
    shares.isRetired(name) ? undefined : knownHost(name, (typeName) => dispatcher.hostOf(typeName)),
  );
  const unsent: Uint8Array[] = [];
  // All parts are begun at once and most are read in one go, so that restoring takes one answer of the store and not one for each.
  const reader = PartReader.of(store, manifest);
  const readers = manifest.parts.map(({ blob, offset, length, slot }) => {
    const items = readInFlight(reader, blob, offset, length);
    const first = items.next();
    first.catch(() => undefined); // Awaited below, when it is its turn.
    return { slot, items, first };
  });
  for (const { slot, items, first } of readers) {
    for (let next = await first; next.done !== true; next = await items.next()) {
      const stored = next.value as StoredInFlight;
      if (stored.kind === 'egress')
        restoreRun(stored, egressPrefix(manifest.logId, manifest.index, slot), worker, shares);
      else if (stored.unsent) unsent.push(stored.encoding);
      else restoreItems(decoder.decode(stored.encoding), worker, shares);
    }
  }
  for (const encoding of unsent) restoreItems(decoder.decode(encoding), worker, shares);
}

function restoreItems(items: readonly ChannelItem[], worker: Worker, shares: Shares): void {
  for (const item of items) {
    if (item instanceof Envelope) {
      if (shares.ownsId(item.target.id)) worker.dispatcher.restore(item);
    } else if (isRecord(item)) {
      const [, egress] = item;
      if (shares.ownsEgress(egress) && !shares.isRetired(egress)) worker.receive(item);
    } else {
      const [, handle] = item;
      if (shares.ownsClient((handle.target as ClientReplyTarget).client)) worker.receive(item);
    }
  }
}

function restoreRun(
  stored: Extract<StoredInFlight, { kind: 'egress' }>,
  ownPrefix: string,
  worker: Worker,
  shares: Shares,
): void {
  const { egress, prefix = ownPrefix, first, values, headers } = stored;
  if (!shares.ownsEgress(egress) || shares.isRetired(egress)) return;
  const column = new ValueColumn();
  for (const value of values) column.push(value);
  if (worker.restoreEgress(egress, { prefix, first, done: 0, values: column, headers })) return;
  throw new StatefulFunctionsError(
    'SF_REMOVED_CONNECTOR',
    `records for the egress ${egress} wait to be published, but no module binds it. Bind it again.`,
  );
}
