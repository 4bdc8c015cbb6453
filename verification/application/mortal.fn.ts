import {
  type Context,
  type Handlers,
  Persisted,
  PersistedList,
  PersistedMap,
  type QueryContext,
  StatefulFunction,
} from '@stateful-functions/core';
import { Actor } from './actor.js';
import { Conduct, conductOptions, failureOf } from './conduct.js';
import { detailOf, Mortal, type MortalAct, type MortalReport, type Order, Relay, relayedBy } from './mortal.js';
import { traces } from './trace.js';

@StatefulFunction(Mortal, conductOptions)
export class MortalFn implements Handlers<typeof Mortal> {
  @Persisted() age = 0;
  @Persisted() total = 0;
  @Persisted() marks: Record<string, number> = {};
  @Persisted() readonly shelf = PersistedMap.of<string, number>();
  @Persisted() readonly notes = PersistedList.of<string>();

  constructor(private readonly conduct: Conduct) {}

  obey(ctx: Context, order: Order): void | Promise<void> {
    const half = order.acts.length >> 1;
    const begin = () => {
      this.age += 1;
      for (const act of order.acts.slice(0, half)) this.#do(ctx, act);
    };
    return this.conduct.perform(ctx, order, begin, () => {
      for (const act of order.acts.slice(half)) this.#do(ctx, act);
      const { id, number } = order;
      const from = ctx.caller === undefined ? {} : { from: String(ctx.caller) };
      const { age, total, notes, shelf } = this;
      const detail = detailOf({ age, total, notes: notes.length, shelf: [...shelf.keys()].length }, order.relayed);
      const place = { by: String(ctx.self), sequence: number, visit: number, pair: number };
      ctx.send(traces[1], { id, ...place, ...from, detail });
    });
  }

  async report(_ctx: QueryContext): Promise<MortalReport> {
    await this.shelf.load();
    await this.notes.load();
    const { age, total, marks, shelf, notes } = this;
    return { age, total, marks: Object.entries(marks), shelf: [...shelf], notes: notes.view() };
  }

  #do(ctx: Context, act: MortalAct): void {
    if (act.kind === 'add') this.total += act.amount;
    else if (act.kind === 'mark') this.marks[act.key] = (this.marks[act.key] ?? 0) + act.amount;
    else if (act.kind === 'put') this.shelf.set(act.key, act.value);
    else if (act.kind === 'take') this.shelf.delete(act.key);
    else if (act.kind === 'note') this.notes.append(act.text);
    else if (act.kind === 'forget') ctx.forget();
    else {
      const { delayMs, command } = act;
      const passed = { id: command.id, from: String(ctx.self), dueMs: ctx.now() + delayMs };
      ctx
        .after(delayMs)
        .to(Actor.at(command.to))
        .carry({ ...passed, command });
    }
  }
}

@StatefulFunction(Relay, conductOptions)
export class RelayFn implements StatefulFunction<Order> {
  @Persisted() passed = 0;
  @Persisted() last = 'none';

  constructor(private readonly conduct: Conduct) {}

  invoke(ctx: Context, order: Order): void {
    this.conduct.attend(ctx, () => {
      const { id, to, pauseMs } = order;
      this.passed += 1;
      ctx.to(Mortal.at(to)).obey({ ...order, relayed: relayedBy(this.passed, this.last) });
      this.last = id;
      if (pauseMs % 3 === 0 && ctx.attempt === 1) throw new Error(failureOf(id));
    });
  }
}
