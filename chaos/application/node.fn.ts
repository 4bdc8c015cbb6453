import {
  type CancellationToken,
  type Context,
  type Handlers,
  Persisted,
  PersistedList,
  PersistedMap,
  type QueryContext,
  type Reply,
  type ReplyHandle,
  StatefulFunction,
} from '@stateful-functions/core';
import { type Answer, lines, Node, type Report } from './node.js';
import { Pauses } from './pauses.js';
import { followers, type Next, type Step } from './step.js';

/** Does what a step says, and leaves a trace of it in every kind of state. */
@StatefulFunction(Node, { retry: { maxAttempts: 3, backoff: { initial: '20ms', max: '40ms' } } })
export class NodeFn implements Handlers<typeof Node> {
  @Persisted() handled = 0;
  @Persisted() total = 0;
  @Persisted() emitted = 0;
  @Persisted() answers = 0;
  @Persisted() failures = 0;
  @Persisted() lastOrder = 0;
  @Persisted() disorders = 0;
  @Persisted() fired = 0;
  /** Changed in place. */
  @Persisted() byWork = new Map<string, number>();
  @Persisted() readonly ledger = PersistedMap.of<string, number>();
  @Persisted() readonly sentTo = PersistedMap.of<string, number>();
  @Persisted() readonly heardFrom = PersistedMap.of<string, number>();
  @Persisted() readonly handles = PersistedMap.of<string, ReplyHandle<Answer>>();
  @Persisted() readonly tokens = PersistedMap.of<string, CancellationToken>();
  @Persisted() readonly diary = PersistedList.of<string>();

  constructor(private readonly pauses: Pauses) {}

  step(ctx: Context, step: Step): void | Promise<void> {
    return this.#do(ctx, step);
  }

  quote(ctx: Context, step: Step): Answer | ReplyHandle<Answer> | Promise<Answer> {
    const answer: Answer = { id: step.id, amount: step.amount };
    const done = this.#do(ctx, step);
    if (done !== undefined) return done.then(() => answer);
    if (step.work !== 'defer') return answer;
    const handle = ctx.replyHandle<Answer>();
    this.handles.set(step.id, handle);
    ctx.after(2).to(Node.at(ctx.self.id)).answer(answer);
    return handle;
  }

  answer(ctx: Context, answer: Answer): void {
    const handle = this.handles.get(answer.id);
    if (handle === undefined) throw new Error(`the handle of ${answer.id} is gone`);
    this.handles.delete(answer.id);
    ctx.reply(handle, answer);
    this.#write(ctx, `${answer.id}!`);
  }

  quoted(ctx: Context, reply: Reply<Answer>): void {
    if (reply.ok) {
      this.answers += reply.value.amount;
      this.#write(ctx, `${reply.value.id}?`);
    } else this.failures += 1;
  }

  drop(ctx: Context, id: string): void {
    const token = this.tokens.get(id);
    if (token === undefined) throw new Error(`the token of ${id} is gone`);
    this.tokens.delete(id);
    ctx.cancel(token);
    this.#write(ctx, `${id}x`);
  }

  never(): void {
    this.fired += 1;
  }

  async report(_ctx: QueryContext): Promise<Report> {
    for (const map of [this.ledger, this.sentTo, this.heardFrom, this.handles, this.tokens]) await map.load();
    await this.diary.load();
    const { handled, total, emitted, answers, failures, lastOrder, disorders, fired } = this;
    return {
      handled,
      total,
      emitted,
      answers,
      failures,
      lastOrder,
      disorders,
      fired,
      kept: [...this.handles.keys()].length + [...this.tokens.keys()].length,
      byWork: sorted(this.byWork),
      ledger: sorted(this.ledger),
      sentTo: sorted(this.sentTo),
      heardFrom: sorted(this.heardFrom),
      diary: this.diary.view(),
    };
  }

  #do(ctx: Context, step: Step): undefined | Promise<void> {
    this.#checkOrder(ctx, step);
    this.handled += 1;
    if (step.work !== 'pause' && step.work !== 'stumble-late') {
      this.#finish(ctx, step);
      return undefined;
    }
    return this.pauses.wait(step.amount).then(() => this.#finish(ctx, step));
  }

  #finish(ctx: Context, step: Step): void {
    const { id, work, amount, key = '' } = step;
    this.total += amount;
    this.byWork.set(work, (this.byWork.get(work) ?? 0) + 1);
    if (work === 'tally') this.ledger.update(key, (value) => (value ?? 0) + amount);
    else if (work === 'write') this.ledger.set(key, amount);
    else if (work === 'erase') this.ledger.delete(key);
    else if (work === 'append') this.diary.append(id);
    else if (work === 'clear') this.diary.clear();
    else if (work === 'cancel') this.#setAndCancel(ctx, id);
    this.#write(ctx, id);
    for (const next of followers(step)) this.#start(ctx, next);
    const stumbles = work === 'stumble' || work === 'stumble-late';
    if (work === 'poison' || (stumbles && ctx.attempt === 1)) throw new Error(`${work} of ${id}`);
  }

  #start(ctx: Context, { how, delayMs, step }: Next): void {
    const to = Node.at(step.to);
    if (how === 'ask') ctx.ask(to, { timeout: '1h' }).quote(step, ctx.replyTo(Node, 'quoted'));
    else if (how === 'timer') ctx.after(delayMs).to(to).step(step);
    else ctx.to(to).step({ ...step, pair: this.sentTo.update(step.to, (sent) => (sent ?? 0) + 1) });
  }

  #setAndCancel(ctx: Context, id: string): void {
    const self = Node.at(ctx.self.id);
    this.tokens.set(id, ctx.after('1h').to(self).never(id));
    ctx.to(self).drop(id);
  }

  #checkOrder(ctx: Context, { order, pair }: Step): void {
    if (order !== undefined) {
      if (order !== this.lastOrder + 1) this.disorders += 1;
      this.lastOrder = order;
    }
    if (pair === undefined) return;
    const from = ctx.caller?.id ?? '';
    if (pair !== (this.heardFrom.get(from) ?? 0) + 1) this.disorders += 1;
    this.heardFrom.set(from, pair);
  }

  #write(ctx: Context, id: string): void {
    this.emitted += 1;
    ctx.send(lines, { sender: ctx.self.id, sequence: this.emitted, id });
  }
}

function sorted(entries: Iterable<[string, number]>): [string, number][] {
  return [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
}
