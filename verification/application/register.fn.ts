import {
  type Context,
  type Handlers,
  Persisted,
  PersistedMap,
  type QueryContext,
  StatefulFunction,
} from '@stateful-functions/core';
import { Conduct, conductOptions } from './conduct.js';
import { type Entry, Register, type RegisterReport } from './register.js';
import { traces } from './trace.js';

@StatefulFunction(Register, conductOptions)
export class RegisterFn implements Handlers<typeof Register> {
  @Persisted() visits = 0;
  @Persisted() readonly entries = PersistedMap.of<string, number>();

  constructor(private readonly conduct: Conduct) {}

  enter(ctx: Context, entry: Entry): void | Promise<void> {
    return this.#enter(ctx, entry, () => {});
  }

  confirm(ctx: Context, entry: Entry): number | Promise<number> {
    return this.#enter(ctx, entry, () => this.entries.get(entry.id) ?? 0);
  }

  look(_ctx: QueryContext, id: string): number {
    return this.entries.get(id) ?? 0;
  }

  async report(_ctx: QueryContext): Promise<RegisterReport> {
    await this.entries.load();
    return { entries: [...this.entries], visits: this.visits };
  }

  #enter<T>(ctx: Context, entry: Entry, end: () => T): T | Promise<T> {
    const { id } = entry;
    const begin = () => {
      this.visits += 1;
      this.entries.update(id, (count = 0) => count + 1);
      ctx.send(traces[0], { id, by: String(ctx.self), sequence: this.visits, visit: this.visits });
    };
    return this.conduct.perform(ctx, entry, begin, end);
  }
}
