import {
  CheckpointArchive,
  type CheckpointChoice,
  type CheckpointDetails,
  type CheckpointSummary,
  toJson,
} from '@stateful-functions/core';
import { byteSize } from '../byte-size.js';
import { exitCode } from '../exit-code.js';
import type { Output } from '../output.js';
import { relativeTime } from '../relative-time.js';
import { existingStoreAt } from '../store.js';
import { pairs, table } from '../table.js';

export interface ArchiveOptions {
  readonly checkpoints: string;
}

/** `sf checkpoints list` */
export async function list({ checkpoints }: ArchiveOptions, out: Output): Promise<number> {
  const all = await reading(checkpoints, (archive) => archive.list());
  if (out.isJson) for (const each of all) await out.json(each);
  else if (all.length === 0) await out.line(`There are no checkpoints in ${checkpoints}.`);
  else await out.table(summaryTable(all, Date.now()));
  return exitCode.fine;
}

/** `sf checkpoints show` */
export async function show(
  choice: CheckpointChoice | undefined,
  { checkpoints }: ArchiveOptions,
  out: Output,
): Promise<number> {
  const details = await reading(checkpoints, (archive) => archive.details(choice));
  if (out.isJson) await out.json(details);
  else await showDetails(details, out);
  return exitCode.fine;
}

/** `sf checkpoints verify` */
export async function verify(
  choice: CheckpointChoice | undefined,
  { checkpoints }: ArchiveOptions,
  out: Output,
): Promise<number> {
  let found = 0;
  await reading(checkpoints, async (archive) => {
    for await (const { code, blob, offset, message } of archive.damage(choice)) {
      found += 1;
      if (out.isJson) await out.json({ code, blob, offset, message: message.slice(code.length + 2) });
      else await out.line(message);
    }
  });
  if (!out.isJson) await out.line(verdict(found, choice, checkpoints));
  return found === 0 ? exitCode.fine : exitCode.damage;
}

function verdict(found: number, choice: CheckpointChoice | undefined, checkpoints: string): string {
  const one = typeof choice === 'number' ? `checkpoint ${choice}` : `savepoint ${choice?.savepoint}`;
  const what = choice === undefined ? checkpoints : one;
  if (found === 0) return `No damage in ${what}.`;
  return found === 1 ? `1 part of ${what} is damaged or gone.` : `${found} parts of ${what} are damaged or gone.`;
}

/** Has something done with a store that nobody needs to have opened. */
export async function reading<T>(checkpoints: string, work: (archive: CheckpointArchive) => Promise<T>): Promise<T> {
  const store = await existingStoreAt(checkpoints);
  try {
    return await work(new CheckpointArchive(store));
  } finally {
    await store.close?.();
  }
}

function summaryTable(all: readonly CheckpointSummary[], nowMs: number): string[] {
  const right = 'right' as const;
  return table(
    [
      { heading: 'CHECKPOINT', align: right },
      { heading: 'SAVEPOINT' },
      { heading: 'INDEX', align: right },
      { heading: 'EPOCH', align: right },
      { heading: 'COMMITTED' },
      { heading: 'SEGMENTS', align: right },
      { heading: 'SIZE', align: right },
      { heading: 'IN FLIGHT', align: right },
    ],
    all.map((each) => [
      String(each.checkpoint),
      each.savepoint ?? '',
      String(each.index),
      String(each.epoch),
      relativeTime(each.timeMs, nowMs),
      String(each.segments),
      byteSize(each.bytes),
      String(each.inFlightParts),
    ]),
  );
}

async function showDetails(details: CheckpointDetails, out: Output): Promise<void> {
  const { checkpoint, savepoint, index, epoch, timeMs, applicationTimeMs, logId, settings, segmentRefs, parts } =
    details;
  await out.lines(
    pairs([
      ['checkpoint', String(checkpoint)],
      ...(savepoint === undefined ? [] : [['savepoint', savepoint] as const]),
      ['log', `entry ${index} of ${logId}, epoch ${epoch}`],
      [
        savepoint === undefined ? 'committed' : 'made',
        `${new Date(timeMs).toISOString()} (${relativeTime(timeMs, Date.now())})`,
      ],
      ['application time', new Date(applicationTimeMs).toISOString()],
      ['size', byteSize(details.bytes)],
      ['key groups', `${settings.maxParallelism}, by ${settings.hash}; format ${settings.format}`],
    ]),
  );
  await section(
    out,
    segmentRefs,
    [
      { heading: 'SEGMENT' },
      { heading: 'SIZE', align: 'right' },
      { heading: 'ENTRIES', align: 'right' },
      { heading: 'TYPES' },
    ],
    (ref) => [ref.blob, byteSize(ref.length), String(ref.entries), ref.types.join(', ')],
  );
  await section(
    out,
    parts,
    [
      { heading: 'IN FLIGHT' },
      { heading: 'WORKER', align: 'right' },
      { heading: 'OFFSET', align: 'right' },
      { heading: 'SIZE', align: 'right' },
    ],
    (part) => [part.blob, String(part.slot), String(part.offset), byteSize(part.length)],
  );
  await section(
    out,
    Object.entries(details.ingresses),
    [{ heading: 'INGRESS' }, { heading: 'ROUTED', align: 'right' }, { heading: 'POSITION' }],
    ([name, { routed, position }]) => [name, String(routed), toJson(position)],
  );
  await section(
    out,
    Object.entries(details.egresses),
    [{ heading: 'EGRESS' }, { heading: 'PUBLISHED UP TO' }],
    ([name, { position }]) => [name, toJson(position)],
  );
}

/** A table with an empty line before it; nothing for none. */
async function section<T>(
  out: Output,
  all: readonly T[],
  columns: Parameters<typeof table>[0],
  cells: (each: T) => string[],
): Promise<void> {
  if (all.length === 0) return;
  await out.line();
  await out.table(table(columns, all.map(cells)));
}
