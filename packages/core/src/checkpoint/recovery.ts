import { createHash } from 'node:crypto';
import { type MessageId, parseId } from '../dispatch/envelope.js';
import type { BlobStore } from '../ports/blob-store.js';
import type { Platform } from '../ports/platform.js';
import { randomHex } from '../ports/random.js';
import { StatefulFunctionsError } from '../sdk/errors.js';
import { keyGroupHash } from '../state/key-group.js';
import type { CheckpointEntry, FixedSettings } from './manifest.js';
import { ManifestLog } from './manifest-log.js';
import { partPrefix } from './part-name.js';
import { Savepoints, savepointPrefix } from './savepoints.js';

/** The version of the layout of segments, in-flight parts and the values in them that this code writes and reads. */
export const storeFormat = 4;

/** Where an application goes on from. */
export interface Recovered {
  readonly log: ManifestLog;
  readonly savepoints: Savepoints;
  readonly incarnation: string;
  readonly settings: FixedSettings;
  /** The checkpoint to go on from; `undefined` at the first start. */
  readonly manifest: CheckpointEntry | undefined;
  /** How often in a row this manifest has been recovered from, this time included. */
  readonly attempts: number;
  /** What was recorded to be handled when the process ended, oldest first, one for each end. */
  readonly suspects: readonly string[];
}

/**
 * Opens the log, checks that this application may go on from it, and begins an epoch, which fences whoever wrote it before.
 *
 * @throws SF_INCOMPATIBLE, before anything is written; SF_UNKNOWN_SAVEPOINT; SF_DAMAGED.
 */
export async function beginEpoch(
  store: BlobStore,
  platform: Platform,
  options: {
    maxParallelism: number;
    savepoint: string | undefined;
    incarnation: string;
    checkManifest: (manifest: CheckpointEntry) => Promise<void>;
  },
): Promise<Recovered> {
  const settings: FixedSettings = { maxParallelism: options.maxParallelism, hash: keyGroupHash, format: storeFormat };
  const log = await ManifestLog.open(store, platform);
  if (log.last === undefined && options.savepoint === undefined) await checkEmpty(store, platform);
  const savepoints = new Savepoints(store, platform, log);
  const find = async () =>
    options.savepoint === undefined ? baseOf(log, savepoints) : (await savepoints.read(options.savepoint)).manifest;
  let checked: string | undefined;
  const check = async (manifest: CheckpointEntry | undefined) => {
    if (manifest === undefined || manifest.token === checked) return;
    checkSettings(manifest.settings, settings);
    await options.checkManifest(manifest);
    checked = manifest.token;
  };
  await check(await find());
  const { incarnation } = options;
  await log.beginEpoch(incarnation);
  const manifest = await find(); // Another process may have committed one more before it was fenced.
  await check(manifest);
  if (options.savepoint !== undefined) {
    await log.append({ kind: 'restore', savepoint: options.savepoint, newLogId: randomHex(platform.random, 16) });
  }
  return { log, savepoints, incarnation, settings, ...historyOf(log), manifest };
}

/** Begins another epoch in a log that is open: some worker is gone, or there is one more. @throws SF_FENCED and the like */
export async function beginNextEpoch(former: Recovered): Promise<Recovered> {
  const { log, savepoints, incarnation } = former;
  await log.beginEpoch(incarnation);
  return { ...former, ...historyOf(log), manifest: await baseOf(log, savepoints) };
}

/** What happened since the manifest that an epoch begins with. */
function historyOf(log: ManifestLog): Pick<Recovered, 'attempts' | 'suspects'> {
  return { attempts: log.tail.filter(({ kind }) => kind === 'epoch').length, suspects: suspectsOf(log) };
}

/** What the message ids of an ingress derive from: the same as long as the log goes on. */
export function ingressSeed(logId: string, ingress: string): MessageId {
  const seed: MessageId = { idA: 0, idB: 0, idC: 0, idD: 0 };
  parseId(createHash('sha256').update(`${logId}/${ingress}`).digest('hex').slice(0, 32), seed);
  return seed;
}

/**
 * An empty log is an application's first start, unless there is something that only a log can have led to: parts and savepoints
 * are written once an epoch has begun, and the entries of epochs are never deleted.
 */
async function checkEmpty(store: BlobStore, platform: Platform): Promise<void> {
  const [left = (await store.list(savepointPrefix))[0]] = await store.list(partPrefix);
  if (left === undefined) return;
  if ((await ManifestLog.open(store, platform)).last !== undefined) return; // Another process has begun meanwhile.
  throw new StatefulFunctionsError(
    'SF_DAMAGED',
    `there is ${left}, but log/, which tells what it belongs to, is empty: the log is lost. Restore it from a copy, ` +
      'start from a savepoint, or begin with an empty store to give the state up.',
  );
}

async function baseOf(log: ManifestLog, savepoints: Savepoints): Promise<CheckpointEntry | undefined> {
  const { base } = log;
  return base?.kind === 'restore' ? (await savepoints.read(base.savepoint)).manifest : base;
}

/** For each end of a process since the manifest: the last message it had recorded. */
function suspectsOf(log: ManifestLog): string[] {
  const suspects: string[] = [];
  let last: string | undefined;
  for (const entry of log.tail) {
    if (entry.kind === 'suspect') last = entry.invocationId;
    if (entry.kind !== 'epoch' || last === undefined) continue;
    suspects.push(last);
    last = undefined;
  }
  return suspects;
}

function checkSettings(stored: FixedSettings, now: FixedSettings): void {
  if (stored.format !== now.format) {
    throw incompatible(
      `it is of format ${stored.format}, this version reads ${now.format}. Use the version that wrote it.`,
    );
  }
  if (stored.maxParallelism !== now.maxParallelism) {
    throw incompatible(
      `it was written with maxParallelism ${stored.maxParallelism}, not ${now.maxParallelism}, which is fixed for an application's life. ` +
        `Start with maxParallelism ${stored.maxParallelism}.`,
    );
  }
  if (stored.hash !== now.hash) throw incompatible(`it places ids by ${stored.hash}, this version by ${now.hash}.`);
}

function incompatible(why: string): StatefulFunctionsError {
  return new StatefulFunctionsError('SF_INCOMPATIBLE', `the store cannot be used: ${why}`);
}
