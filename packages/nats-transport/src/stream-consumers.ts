import { nuid } from 'nats';
import { isRefusal, type JetStreamApi } from './jetstream-api.js';

const inactiveMs = 60_000;

/** Where to begin when there is no checkpoint: at the first message, behind the last, at a sequence, or at a time. */
export type StreamStart = 'earliest' | 'latest' | { readonly sequence: number } | { readonly time: Date };

/** From where a consumer delivers: `deliver_policy` and what belongs to it. */
export type Delivery = Readonly<Record<string, string | number>>;

/** Behind a sequence; everything for 0. */
export function deliveryBehind(sequence: number): Delivery {
  return sequence === 0
    ? { deliver_policy: 'all' }
    : { deliver_policy: 'by_start_sequence', opt_start_seq: sequence + 1 };
}

/** What the first consumer delivers. */
export function deliveryOf(start: StreamStart, lastSequence: number): Delivery {
  if (start === 'earliest') return deliveryBehind(0);
  // Named by number, so that what comes while the connection is lost is not left out.
  if (start === 'latest') return deliveryBehind(lastSequence);
  if ('sequence' in start) return deliveryBehind(start.sequence - 1);
  return { deliver_policy: 'by_start_time', opt_start_time: start.time.toISOString() };
}

/** The consumers of one stream that are made here, each for one reader. */
export class StreamConsumers {
  constructor(
    readonly api: JetStreamApi,
    readonly stream: string,
    readonly filter: string | undefined,
  ) {}

  /** One that acknowledges nothing, and vanishes when nobody has asked it for a minute. Resolves with its name. */
  async makePassing(delivery: Delivery, headersOnly = false): Promise<string> {
    const name = `sf_${nuid.next()}`;
    await this.#make(name, {
      ...delivery,
      ack_policy: 'none',
      inactive_threshold: inactiveMs * 1_000_000,
      mem_storage: true,
      num_replicas: 1,
      headers_only: headersOnly,
    });
    return name;
  }

  /** One that lasts, and to which each message is acknowledged. */
  async makeLasting(durable: string, delivery: Delivery): Promise<string> {
    const name = `${durable}_${nuid.next()}`;
    await this.#make(name, {
      ...delivery,
      durable_name: name,
      ack_policy: 'explicit',
      // Nothing is delivered again by itself: that would be out of order. Whoever needs it makes another consumer.
      ack_wait: 7 * 24 * 3_600_000 * 1_000_000,
      max_ack_pending: 500_000,
    });
    return name;
  }

  /** Names of those that `makeLasting` made. */
  async lasting(durable: string): Promise<string[]> {
    const names: string[] = [];
    for (let total = 1; names.length < total; ) {
      const body = { offset: names.length };
      const page = await this.api.request<NamesPage>(`CONSUMER.NAMES.${this.stream}`, body);
      if (page.consumers === null || page.consumers.length === 0) break;
      names.push(...page.consumers);
      total = page.total;
    }
    return names.filter(
      (name) => name.startsWith(`${durable}_`) && /^[A-Z0-9]{22}$/.test(name.slice(durable.length + 1)),
    );
  }

  /** How many messages a consumer has not delivered yet. */
  info(name: string): Promise<{ readonly num_pending: number }> {
    return this.api.request(`CONSUMER.INFO.${this.stream}.${name}`);
  }

  async delete(name: string): Promise<void> {
    try {
      await this.api.request(`CONSUMER.DELETE.${this.stream}.${name}`);
    } catch (error) {
      if (!isRefusal(error, 'consumerNotFound', 'streamNotFound')) throw error;
    }
  }

  async #make(name: string, config: object): Promise<void> {
    const { stream, filter } = this;
    const subject = `CONSUMER.CREATE.${stream}.${name}${filter === undefined ? '' : `.${filter}`}`;
    const filtering = filter === undefined ? {} : { filter_subject: filter };
    await this.api.request(subject, { stream_name: stream, config: { name, ...config, ...filtering } });
  }
}

interface NamesPage {
  readonly total: number;
  readonly consumers: readonly string[] | null;
}
