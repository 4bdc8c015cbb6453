import {
  type CancellationToken,
  type Context,
  type Handlers,
  Persisted,
  PersistedList,
  PersistedMap,
  PersistedValue,
  type QueryContext,
  type Reply,
  type ReplyHandle,
  StatefulFunction,
} from '@stateful-functions/core';
import {
  Actor,
  type ActorReport,
  type Answer,
  type Bounce,
  type Deferred,
  type Delivery,
  type Passed,
  type Recall,
  type Theft,
} from './actor.js';
import { type Act, type Command, idOf, type SendingAct, worthOf } from './command.js';
import { Conduct, conductOptions, failedId } from './conduct.js';
import { Correspondence } from './correspondence.js';
import { isPoison } from './manner.js';
import { type Trace, type TraceEgress, traces } from './trace.js';

/** How long an answer is put off. */
const deferMs = 2;

@StatefulFunction(Actor, conductOptions)
export class ActorFn implements Handlers<typeof Actor> {
  @Persisted() visits = 0;
  @Persisted() total = 0;
  @Persisted() late = 0;
  // Changed in place, so that a failure has something to undo that no assignment shows.
  @Persisted() emitted = [0, 0];
  @Persisted() bag = new Map<string, number>();
  @Persisted() disorders: string[] = [];
  @Persisted() readonly title = PersistedValue.of<string>();
  @Persisted() readonly tallies = PersistedMap.of<string, number>();
  @Persisted() readonly pages = PersistedMap.of<string, number>();
  @Persisted() readonly sentTo = PersistedMap.of<string, number>();
  @Persisted() readonly heardFrom = PersistedMap.of<string, number>();
  @Persisted() readonly answers = PersistedMap.of<string, number | 'failed'>();
  @Persisted() readonly cancels = PersistedMap.of<string, 'early' | 'late'>();
  @Persisted() readonly tokens = PersistedMap.of<string, CancellationToken>();
  @Persisted() readonly handles = PersistedMap.of<string, Deferred>();
  @Persisted() readonly trail = PersistedList.of<string>();
  @Persisted() readonly diary = PersistedList.of<string>();

  constructor(private readonly conduct: Conduct) {}

  carry(ctx: Context, delivery: Delivery): void | Promise<void> {
    return this.#obey(ctx, delivery, () => {});
  }

  quote(ctx: Context, delivery: Delivery): Answered | Promise<Answered> {
    return this.#obey<Answered>(ctx, delivery, () => this.#answer(ctx, delivery));
  }

  answered(ctx: Context, reply: Reply<Answer>): void {
    this.conduct.attend(ctx, () => {
      if (reply.ok) {
        const { id, worth } = reply.value;
        if (this.answers.has(id)) this.disorders.push(`${id} is answered twice`);
        this.answers.set(id, worth);
        this.#visit(ctx, reply.value, { id: idOf.answer(id) });
      } else if (reply.error.code === 'SF_ASK_TIMEOUT') this.late += 1;
      else {
        const id = failedId(reply.error.message);
        this.answers.set(id, 'failed');
        this.#visit(ctx, undefined, { id: idOf.failure(id) });
      }
    });
  }

  settle(ctx: Context, settled: Passed): void {
    this.conduct.attend(ctx, () => {
      const deferred = this.handles.get(settled.id);
      if (deferred === undefined) throw new Error(`the handle of ${settled.id} is gone`);
      this.handles.delete(settled.id);
      this.#visit(ctx, settled, { id: idOf.deferred(settled.id) });
      ctx.reply(deferred.handle, this.#answerTo(ctx, settled.id, deferred));
    });
  }

  recall(ctx: Context, recall: Recall): void {
    this.conduct.attend(ctx, () => {
      const token = this.tokens.get(recall.timer);
      if (token === undefined) throw new Error(`the token of ${recall.timer} is gone`);
      this.tokens.delete(recall.timer);
      // Time and timers of an address go together: what is not due yet by its time has not fired, and never will.
      this.cancels.set(recall.timer, ctx.now() < token.dueMs ? 'early' : 'late');
      ctx.cancel(token);
      this.#visit(ctx, recall, { id: recall.id });
    });
  }

  bounce(ctx: Context, bounce: Bounce): void {
    this.conduct.attend(ctx, () => {
      this.#visit(ctx, bounce, { id: bounce.id });
      const { owner, timer } = bounce;
      ctx.to(Actor.at(owner)).recall({ ...this.#passed(ctx, idOf.cancel(timer), owner), timer });
    });
  }

  steal(ctx: Context, theft: Theft): void {
    this.conduct.attend(ctx, () => {
      this.#visit(ctx, theft, { id: theft.id });
      ctx.cancel(theft.token);
    });
  }

  async report(_ctx: QueryContext): Promise<ActorReport> {
    const { visits, total, late, emitted, disorders, answers, cancels, tokens, handles, trail, diary } = this;
    const { bag, tallies, pages, sentTo, heardFrom } = this;
    const maps = [tallies, pages, sentTo, heardFrom, answers, cancels, tokens, handles];
    await Promise.all([...maps, trail, diary].map((each) => each.load()));
    return {
      ...{ visits, total, late, title: this.title.get(), emitted, disorders },
      ...{ bag: [...bag], tallies: [...tallies], pages: [...pages], sentTo: [...sentTo], heardFrom: [...heardFrom] },
      ...{ answers: [...answers], cancels: [...cancels], kept: [...tokens.keys(), ...handles.keys()] },
      ...{ trail: trail.view(), diary: diary.view() },
    };
  }

  #obey<T>(ctx: Context, delivery: Delivery, end: () => T): T | Promise<T> {
    const { command, dueMs } = delivery;
    const { id, acts, egress } = command;
    const half = acts.length >> 1;
    let visits = 0;
    const begin = () => {
      const timed = dueMs === undefined ? {} : { dueMs, atMs: ctx.now() };
      this.#visit(ctx, delivery, { id, egress, ...timed });
      visits = this.visits;
      for (const act of acts.slice(0, half)) this.#do(ctx, command, act);
    };
    return this.conduct.perform(ctx, command, begin, () => {
      if (this.visits !== visits) this.disorders.push(`another visit during ${id}`);
      for (const act of acts.slice(half)) this.#do(ctx, command, act);
      return end();
    });
  }

  #do(ctx: Context, command: Command, act: Act): void {
    switch (act.kind) {
      case 'increment':
        this.total += act.amount;
        break;
      case 'mutate':
        this.bag.set(act.key, (this.bag.get(act.key) ?? 0) + act.amount);
        break;
      case 'tally':
        this.tallies.update(act.key, (sum = 0) => sum + act.amount);
        break;
      case 'emit':
        this.#write(ctx, act.egress, { id: act.id, visit: this.visits });
        break;
      case 'write':
        this.pages.set(act.key, act.value);
        break;
      case 'erase':
        this.pages.delete(act.key);
        break;
      case 'wipe':
        this.pages.clear();
        break;
      case 'append':
        this.diary.append(act.text);
        break;
      case 'rewrite':
        this.diary.replaceWith(act.texts);
        break;
      case 'entitle':
        this.title.set(act.title);
        break;
      default:
        this.#send(ctx, command, act);
    }
  }

  #send(ctx: Context, { id }: Command, act: SendingAct): void {
    const { command } = act;
    const to = Actor.at(command.to);
    if (act.kind === 'send') {
      ctx.to(to).carry({ ...this.#passed(ctx, command.id, command.to, command), command });
      return;
    }
    if (act.kind === 'ask') {
      const delivery = { ...this.#passed(ctx, command.id, command.to, command), command };
      const { timeoutMs } = act;
      const isPatient = timeoutMs === undefined;
      ctx.ask(to, { timeout: timeoutMs ?? '30d' }).quote({ ...delivery, isPatient }, ctx.replyTo(Actor, 'answered'));
      return;
    }
    const dueMs = ctx.now() + act.delayMs;
    const timed = act.kind === 'delay' && act.isDate ? ctx.at(new Date(dueMs)) : ctx.after(act.delayMs);
    const token = timed.to(to).carry({ id: command.id, from: String(ctx.self), command, dueMs });
    if (token.dueMs !== dueMs) this.disorders.push(`${id} set a timer that is due at ${token.dueMs}, not ${dueMs}`);
    if (act.kind === 'drop') ctx.cancel(token);
    else if (act.kind === 'race') this.#race(ctx, act, token);
    else if (act.kind === 'theft') this.#lend(ctx, act, token);
  }

  #lend(ctx: Context, { command, thief, afterMs }: SendingAct & { kind: 'theft' }, token: CancellationToken): void {
    const id = idOf.theft(command.id);
    if (afterMs === undefined) ctx.to(Actor.at(thief)).steal({ ...this.#passed(ctx, id, thief), token });
    else
      ctx
        .after(afterMs)
        .to(Actor.at(thief))
        .steal({ id, from: String(ctx.self), token });
  }

  #race(ctx: Context, { command, cancel }: SendingAct & { kind: 'race' }, token: CancellationToken): void {
    const { id: owner } = ctx.self;
    const timer = command.id;
    this.tokens.set(timer, token);
    if (cancel.by === 'timer') {
      const recall = { id: idOf.cancel(timer), from: String(ctx.self), timer };
      ctx.after(cancel.delayMs).to(Actor.at(owner)).recall(recall);
    } else {
      const passed = this.#passed(ctx, idOf.bounce(timer), cancel.via);
      ctx.to(Actor.at(cancel.via)).bounce({ ...passed, owner, timer });
    }
  }

  #answer(ctx: Context, { id, command, isPatient = false }: Delivery): Answered {
    const asker = ctx.caller?.id ?? '';
    const deferred = { asker, isPatient, worth: worthOf(command) };
    if (command.defers === undefined) return this.#answerTo(ctx, id, deferred);
    const handle = ctx.replyHandle<Answer>();
    this.handles.set(id, { handle, ...deferred });
    ctx
      .after(deferMs)
      .to(Actor.at(ctx.self.id))
      .settle({ id, from: String(ctx.self) });
    return handle;
  }

  #answerTo(ctx: Context, id: string, { asker, isPatient, worth }: Omit<Deferred, 'handle'>): Answer {
    // An answer that comes too late is not delivered, and would leave a gap.
    return isPatient ? { ...this.#passed(ctx, id, asker), worth } : { id, from: String(ctx.self), worth };
  }

  /** What goes with a message to an actor: numbered, unless its receiver fails and so cannot keep count. */
  #passed(ctx: Context, id: string, to: string, command?: Command): Passed {
    const from = String(ctx.self);
    if (command !== undefined && isPoison(command.manner)) return { id, from };
    return { id, from, pair: this.#correspondence.next(String(Actor.at(to))) };
  }

  /** Takes note of an invocation: in the state, and outside. */
  #visit(ctx: Context, passed: Passed | undefined, { egress = 0, ...trace }: Visit): void {
    if (passed !== undefined) this.#correspondence.hear(ctx, passed);
    this.visits += 1;
    this.trail.append(trace.id);
    const { from, pair } = passed ?? {};
    const sender = from === undefined ? {} : { from };
    this.#write(ctx, egress, { ...trace, visit: this.visits, ...sender, ...(pair === undefined ? {} : { pair }) });
  }

  #write(ctx: Context, egress: TraceEgress, trace: Omit<Trace, 'by' | 'sequence'>): void {
    const sequence = (this.emitted[egress] ?? 0) + 1;
    this.emitted[egress] = sequence;
    ctx.send(traces[egress], { ...trace, by: String(ctx.self), sequence });
  }

  get #correspondence(): Correspondence {
    return new Correspondence(this.sentTo, this.heardFrom, this.disorders);
  }
}

type Answered = Answer | ReplyHandle<Answer>;

interface Visit extends Pick<Trace, 'id' | 'dueMs' | 'atMs'> {
  readonly egress?: TraceEgress;
}
