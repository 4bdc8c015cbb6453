import { type BlobStore, type Random, randomHex, StatefulFunctionsError } from '@stateful-functions/core';

type Put = (name: string, body: Uint8Array) => Promise<boolean>;

/** The ways in which a store creates blobs. */
export interface Puts {
  readonly put: Put;
  /** Left out when the store does not use it. */
  readonly putInParts?: Put;
}

/**
 * Finds out whether a store creates a blob only if it is absent, by writing one twice in each way, and whether it gives back
 * what was put. The blob is removed afterwards; its random name keeps processes that probe at the same time apart.
 *
 * @throws SF_NO_PUT_IF_ABSENT
 */
export async function probePutIfAbsent(store: BlobStore, random: Random, puts: Puts): Promise<void> {
  const name = `probe/${randomHex(random, 16)}`;
  const first = random.bytes(32);
  await puts.put(name, first);
  try {
    await probe(store, name, first, puts);
  } catch (error) {
    // Why the probe failed counts, not what became of it.
    await store.delete(name).catch(() => undefined);
    throw error;
  }
  await store.delete(name);
}

async function probe(store: BlobStore, name: string, first: Uint8Array, { put, putInParts }: Puts): Promise<void> {
  const second = first.map((byte) => byte ^ 0xff);
  if (await put(name, second)) throw lacking('An object that exists is replaced in spite of If-None-Match: *');
  const found = await store.get(name);
  if (found === undefined || Buffer.compare(found, first) !== 0) throw lacking('Other bytes come back than were put');
  if (!(await store.list(name)).includes(name)) throw lacking('An object that exists is not listed');
  if (putInParts !== undefined && (await putInParts(name, second))) {
    throw lacking(
      'An object that exists is replaced when a multipart upload is completed, in spite of If-None-Match: *',
      'set `multipart: false`, if each blob fits into memory, or ',
    );
  }
}

function lacking(what: string, fix = ''): StatefulFunctionsError {
  return new StatefulFunctionsError(
    'SF_NO_PUT_IF_ABSENT',
    `${what}. Two processes could overwrite each other's checkpoints: ${fix}use AWS S3, a current MinIO, or another service ` +
      'with conditional writes.',
  );
}
