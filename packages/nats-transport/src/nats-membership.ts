import {
  checkMembershipKey,
  checkMembershipPrefix,
  type Membership,
  type MembershipRow,
  StatefulFunctionsError,
} from '@stateful-functions/core';
import { isRefusal, type JetStreamApi, type StoredMessage, type StreamInfo } from './jetstream-api.js';
import { ownStream } from './own-stream.js';

/** What the key-value stores of NATS mark a deleted key with. */
const deletion = { 'KV-Operation': 'DEL' };

/**
 * The table in a key-value bucket of JetStream, whose revisions are the sequences of its stream.
 *
 * Everything is asked of the leader of that stream; replicas and consumers, which may lag, never answer. A removed row leaves a
 * small marker for good.
 */
export class NatsMembership implements Membership {
  readonly #api: JetStreamApi;
  readonly #bucket: string;

  private constructor(api: JetStreamApi, bucket: string) {
    this.#api = api;
    this.#bucket = bucket;
  }

  /**
   * Makes the bucket if there is none.
   *
   * @throws SF_UNSUPPORTED_SERVER, SF_FORBIDDEN, SF_INCOMPATIBLE, SF_UNREACHABLE
   */
  static async open(api: JetStreamApi, bucket: string, replicas: number): Promise<NatsMembership> {
    const stream = {
      name: `KV_${bucket}`,
      subjects: [`$KV.${bucket}.>`],
      retention: 'limits' as const,
      num_replicas: replicas,
      max_msgs_per_subject: 1,
      allow_rollup_hdrs: true,
      deny_delete: true,
    };
    const command = `nats kv add ${bucket} --history 1 --storage file`;
    check(bucket, await ownStream(api, stream, { name: `key-value bucket ${bucket}`, command }));
    return new NatsMembership(api, bucket);
  }

  async read(key: string): Promise<MembershipRow | undefined> {
    checkMembershipKey(key);
    const last = await this.#last(this.#subject(key));
    return last === undefined ? undefined : rowOf(last);
  }

  async write(key: string, value: Uint8Array, revision: number): Promise<number | undefined> {
    checkMembershipKey(key);
    const written = await this.#publish(key, value, {}, revision);
    if (written !== undefined || revision !== 0) return written;
    const last = await this.#last(this.#subject(key));
    if (last === undefined || !isMarker(last)) return undefined;
    return this.#publish(key, value, {}, last.sequence);
  }

  async remove(key: string, revision: number): Promise<boolean> {
    checkMembershipKey(key);
    if (revision === 0) return false;
    return (await this.#publish(key, new Uint8Array(0), deletion, revision)) !== undefined;
  }

  async list(prefix: string): Promise<(MembershipRow & { readonly key: string })[]> {
    checkMembershipPrefix(prefix);
    const { state } = await this.#api.streamInfo(`KV_${this.#bucket}`, this.#subject('>'));
    const subjects = Object.keys(state.subjects ?? {});
    const keys = subjects
      .map((subject) => subject.slice(this.#subject('').length))
      .filter((key) => key.startsWith(prefix));
    const rows = await Promise.all(
      keys.sort().map(async (key) => {
        const row = await this.read(key);
        return row === undefined ? [] : [{ key, ...row }];
      }),
    );
    return rows.flat();
  }

  /** Appends to a key that is still at `revision`; `undefined` if it is not. */
  async #publish(key: string, value: Uint8Array, headers: Record<string, string>, revision: number) {
    const expecting = { ...headers, 'Nats-Expected-Last-Subject-Sequence': `${revision}` };
    try {
      return await this.#api.publish(this.#subject(key), value, expecting);
    } catch (error) {
      if (isRefusal(error, 'wrongLastSequence')) return undefined;
      throw error;
    }
  }

  #last(subject: string): Promise<StoredMessage | undefined> {
    return this.#api.message(`KV_${this.#bucket}`, { last_by_subj: subject });
  }

  #subject(key: string): string {
    return `$KV.${this.#bucket}.${key}`;
  }
}

/** Rows of a bucket with an age would vanish by themselves. */
function check(bucket: string, { config }: StreamInfo): void {
  if (config.subjects?.includes(`$KV.${bucket}.>`) && config.max_age === 0) return;
  throw new StatefulFunctionsError(
    'SF_INCOMPATIBLE',
    `the stream KV_${bucket} is no key-value bucket that keeps its rows. Make it anew, without a time to live.`,
  );
}

function isMarker({ headers }: StoredMessage): boolean {
  return /^KV-Operation: *(DEL|PURGE)\r?$/m.test(headers);
}

function rowOf(message: StoredMessage): MembershipRow | undefined {
  return isMarker(message) ? undefined : { value: message.data, revision: message.sequence };
}
