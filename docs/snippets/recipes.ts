import {
  ask,
  CallbackSink,
  type CancellationToken,
  type Context,
  Egress,
  FunctionType,
  type Handlers,
  Persisted,
  PersistedMap,
  type Reply,
  type ReplyHandle,
  Service,
  StatefulFunction,
  send,
} from '@stateful-functions/core';

// ---- A timer that comes again and again.

export const Report = FunctionType.contract('recipes/report', { start: send(), stop: send(), tick: send<number>() });
export const reports = Egress.of<string>('recipes/reports');

@StatefulFunction(Report)
export class ReportFn implements Handlers<typeof Report> {
  @Persisted() next: CancellationToken | undefined = undefined;

  start(ctx: Context): void {
    if (this.next === undefined) this.schedule(ctx, ctx.now() + hourMs);
  }

  stop(ctx: Context): void {
    if (this.next !== undefined) ctx.cancel(this.next);
    this.next = undefined;
  }

  tick(ctx: Context, dueMs: number): void {
    ctx.send(reports, `${ctx.self.id} at ${new Date(dueMs).toISOString()}`);
    // From when it was due, not from now: so it does not drift, and catches up on what it missed.
    this.schedule(ctx, dueMs + hourMs);
  }

  private schedule(ctx: Context, dueMs: number): void {
    this.next = ctx.at(new Date(dueMs)).to(Report.at(ctx.self.id)).tick(dueMs);
  }
}

const hourMs = 3_600_000;

// ---- Something that must come to its end in time.

export const Booking = FunctionType.contract('recipes/booking', { open: send(), paid: send(), expire: send() });

@StatefulFunction(Booking)
export class BookingFn implements Handlers<typeof Booking> {
  @Persisted() status: 'new' | 'open' | 'paid' | 'expired' = 'new';
  @Persisted() deadline: CancellationToken | undefined = undefined;

  open(ctx: Context): void {
    if (this.status !== 'new') return;
    this.status = 'open';
    this.deadline = ctx.after('15m').to(Booking.at(ctx.self.id)).expire();
  }

  paid(ctx: Context): void {
    if (this.status !== 'open') return;
    this.status = 'paid';
    if (this.deadline !== undefined) ctx.cancel(this.deadline);
  }

  expire(): void {
    if (this.status === 'open') this.status = 'expired';
  }
}

// ---- Ask many, and answer when all have answered.

export interface Offer {
  readonly supplier: string;
  readonly cents: number;
}

export const Supplier = FunctionType.contract('recipes/supplier', { price: ask<string, Offer>() });
export const Tender = FunctionType.contract('recipes/tender', {
  best: ask<{ readonly item: string; readonly suppliers: readonly string[] }, Offer>(),
  offered: send<Reply<Offer>>(),
});

@StatefulFunction(Tender)
export class TenderFn implements Handlers<typeof Tender> {
  @Persisted() waiting = 0;
  @Persisted() offers: Offer[] = [];
  @Persisted() asker: ReplyHandle<Offer> | undefined = undefined;

  best(ctx: Context, { item, suppliers }: { item: string; suppliers: readonly string[] }): ReplyHandle<Offer> {
    for (const supplier of suppliers) {
      ctx.ask(Supplier.at(supplier), { timeout: '2s' }).price(item, ctx.replyTo(Tender, 'offered'));
    }
    this.waiting = suppliers.length;
    this.asker = ctx.replyHandle<Offer>();
    return this.asker;
  }

  offered(ctx: Context, reply: Reply<Offer>): void {
    this.waiting -= 1;
    if (reply.ok) this.offers.push(reply.value);
    if (this.waiting > 0 || this.asker === undefined) return;
    const [best] = this.offers.toSorted((a, b) => a.cents - b.cents);
    if (best === undefined) ctx.fail(this.asker, { code: 'NO_OFFER', message: 'nobody offered in time' });
    else ctx.reply(this.asker, best);
    ctx.forget();
  }
}

@StatefulFunction(Supplier)
export class SupplierFn implements Handlers<typeof Supplier> {
  price(ctx: Context, item: string): Offer | ReplyHandle<Offer> {
    if (ctx.self.id === 'silent') return ctx.replyHandle<Offer>();
    if (ctx.self.id === 'broken') throw new Error('out of order');
    return { supplier: ctx.self.id, cents: item.length * ctx.self.id.length };
  }
}

// ---- A call outside, made once.

@Service()
export class PaymentProvider {
  async charge(_idempotencyKey: string, _cents: number, _signal: AbortSignal): Promise<string> {
    throw new Error('give it the address of yours');
  }
}

export const Charge = FunctionType.contract('recipes/charge', { charge: ask<number, string>() });

@StatefulFunction(Charge, { timeout: '20s', retry: { maxAttempts: 8, backoff: { initial: '1s', max: '1m' } } })
export class ChargeFn implements Handlers<typeof Charge> {
  @Persisted() receipt: string | undefined = undefined;

  constructor(private readonly provider: PaymentProvider) {}

  async charge(ctx: Context, cents: number): Promise<string> {
    this.receipt ??= await this.provider.charge(ctx.invocationId, cents, ctx.signal);
    return this.receipt;
  }
}

export interface Mail {
  readonly to: string;
  readonly text: string;
}

export const mails = Egress.of<Mail>('recipes/mails');

export function mailSink(deliver: (mail: Mail, idempotencyKey: string) => Promise<void>): CallbackSink<Mail> {
  return new CallbackSink((mail, { id }) => deliver(mail, id));
}

// ---- Records that come twice.

export interface Event {
  readonly id: string;
  readonly cents: number;
}

export const Ledger = FunctionType.of<Event>('recipes/ledger');

@StatefulFunction(Ledger)
export class LedgerFn implements StatefulFunction<Event> {
  @Persisted() total = 0;
  @Persisted() readonly known = PersistedMap.of<string, true>({ ttl: '7d' });

  invoke(_ctx: Context, { id, cents }: Event): void {
    if (this.known.has(id)) return;
    this.known.set(id, true);
    this.total += cents;
  }
}

// ---- Someone outside who is slow.

export interface Job {
  readonly url: string;
}

@Service()
export class Crawler {
  async fetch(_url: string, _signal: AbortSignal): Promise<number> {
    throw new Error('give it a way to fetch');
  }
}

export const Lane = FunctionType.of<Job>('recipes/lane');

/** Handles one job at a time: as many at once as there are lanes. */
@StatefulFunction(Lane, { timeout: '30s' })
export class LaneFn implements StatefulFunction<Job> {
  @Persisted() bytes = 0;

  constructor(private readonly crawler: Crawler) {}

  async invoke(ctx: Context, { url }: Job): Promise<void> {
    this.bytes += await this.crawler.fetch(url, ctx.signal);
  }
}

export const Gate = FunctionType.of<Job>('recipes/gate');

/** Lets each job to the lane of its host, of which there are eight. */
@StatefulFunction(Gate)
export class GateFn implements StatefulFunction<Job> {
  invoke(ctx: Context, job: Job): void {
    const { host } = new URL(job.url);
    const lane = [...host].reduce((sum, character) => sum + (character.codePointAt(0) ?? 0), 0) % 8;
    ctx.send(Lane.at(String(lane)), job);
  }
}
