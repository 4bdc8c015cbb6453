import {
  type Binder,
  type Context,
  type Handlers,
  Inject,
  Module,
  Persisted,
  StatefulFunction,
  type StatefulFunctionModule,
  Token,
} from '@stateful-functions/core';
import { Account, accountId, type Balance, noteOf, type Round, Teller } from './accounts.js';
import { tell } from './node-voice.js';

/** Accounts of which each invocation is told to the process that started the node. */
const Watched = new Token<ReadonlySet<string>>('bench/watched-accounts');

@StatefulFunction(Account)
class AccountFn implements Handlers<typeof Account> {
  @Persisted() received = 0;
  @Persisted() note = '';

  constructor(@Inject(Watched) private readonly watched: ReadonlySet<string>) {}

  receive(ctx: Context): void {
    this.received += 1;
    this.note = noteOf(this.received);
    if (this.watched.has(ctx.self.id)) tell({ kind: 'handled', id: ctx.self.id, atMs: Date.now() });
  }

  balance(): Balance {
    const { received, note } = this;
    return { received, note };
  }
}

@StatefulFunction(Teller)
class TellerFn implements Handlers<typeof Teller> {
  tell(ctx: Context, { from, count }: Round): void {
    for (let number = from; number < from + count; number += 1) ctx.to(Account.at(accountId(number))).receive();
  }
}

@Module()
export class AccountsModule implements StatefulFunctionModule {
  configure(config: ReadonlyMap<string, string>, binder: Binder): void {
    const watched = Array.from({ length: Number(config.get('watched') ?? 0) }, (_, number) => accountId(number));
    binder.bindService(Watched, new Set(watched));
    binder.bindFunctions(AccountFn, TellerFn);
  }
}
