import type { BlobStore } from '../ports/blob-store.js';
import type { Platform } from '../ports/platform.js';
import { randomFraction } from '../ports/random.js';
import { StatefulFunctionsError } from '../sdk/errors.js';
import { NotStoredError } from '../sdk/not-stored-error.js';

/** How long to go on when a store does not answer well. */
export interface SettleOptions {
  /** Times the blob is put before its outcome is given up as unknown; 8 by default. */
  readonly attempts?: number;
  /** The first wait between two of them; each later one is twice as long, up to 5 s, with jitter. 50 ms by default. */
  readonly backoffMs?: number;
}

const maxBackoffMs = 5_000;

/**
 * Creates a blob and finds out for certain who did.
 *
 * A put that fails may have worked, and one that is answered "exists" may have met its own earlier attempt, which a client
 * sent twice. So no answer but success is believed: the blob is read and compared, and put again, the same bytes, while it is
 * absent, or nobody has said that it is durable. For that, `bytes` must hold something random that no other writer's have.
 *
 * Resolves `undefined` when the blob is ours, and with the bytes that are there when it is another's.
 *
 * @param mayGiveUp whether to try no more, and throw, once a first put has certainly stored nothing.
 * @throws NotStoredError if `mayGiveUp`: the blob does not exist. SF_STORAGE or the store's own coded error after the last attempt:
 * the outcome is then unknown, and the blob may exist.
 */
export async function putSettled(
  store: BlobStore,
  platform: Platform,
  name: string,
  bytes: Uint8Array,
  { attempts = 8, backoffMs = 50 }: SettleOptions = {},
  mayGiveUp = false,
): Promise<Uint8Array | undefined> {
  let failure: unknown;
  let isThere = false;
  // Where no put has been answered, what is there may not be durable yet.
  let isAnswered = false;
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    if (attempt > 1 && !isThere) await wait(platform, Math.min(backoffMs * 2 ** (attempt - 2), maxBackoffMs));
    try {
      if (await store.put(name, bytes)) return undefined;
      isAnswered = true;
    } catch (error) {
      failure = error;
      if (mayGiveUp && attempt === 1 && error instanceof NotStoredError) throw error;
    }
    try {
      const found = await store.get(name);
      isThere = found !== undefined && Buffer.compare(found, bytes) === 0;
      if (isThere && isAnswered) return undefined;
      if (found !== undefined && !isThere) return found;
    } catch (error) {
      failure = error;
    }
  }
  throw new StatefulFunctionsError(
    failure instanceof StatefulFunctionsError ? failure.code : 'SF_STORAGE',
    `whether ${name} was written is unknown after ${attempts} attempts. Mend the store and start again; nothing is lost.`,
    { cause: failure },
  );
}

/** Between half of `delayMs` and all of it. */
function wait(platform: Platform, delayMs: number): Promise<void> {
  const jittered = delayMs * (0.5 + randomFraction(platform.random) / 2);
  return new Promise((resolve) => platform.scheduler.after(jittered, resolve));
}
