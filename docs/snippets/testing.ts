import {
  type Binder,
  type Context,
  Egress,
  FunctionType,
  Ingress,
  JsonLinesSink,
  JsonLinesSource,
  Module,
  Persisted,
  Service,
  StatefulFunction,
  type StatefulFunctionModule,
} from '@stateful-functions/core';

export interface Payment {
  readonly account: string;
  readonly cents: number;
}

export const Account = FunctionType.of<Payment>('bank/account');
export const payments = Ingress.of<Payment>('bank/payments');
export const notices = Egress.of<string>('bank/notices');

@Service()
export class Limits {
  readonly noticeFromCents: number = 100_000;
}

@StatefulFunction(Account, { retry: { maxAttempts: 2 } })
export class AccountFn implements StatefulFunction<Payment> {
  @Persisted() balance = 0;

  constructor(private readonly limits: Limits) {}

  invoke(ctx: Context, { account, cents }: Payment): void {
    this.balance += cents;
    if (this.balance < 0) throw new RangeError('overdrawn');
    if (cents >= this.limits.noticeFromCents) ctx.send(notices, `${account} has ${this.balance}`);
    if (ctx.caller === undefined) ctx.sendAfter('30d', Account.at(account), { account, cents: -1 });
  }
}

@Module()
export class BankModule implements StatefulFunctionModule {
  configure(_config: ReadonlyMap<string, string>, binder: Binder): void {
    binder.bindIngress(payments, new JsonLinesSource({ path: 'payments.jsonl' }));
    binder.bindEgress(notices, new JsonLinesSink({ path: 'notices.jsonl' }));
    binder.bindFunctions(AccountFn);
    binder.bindRouter(payments, (payment, downstream) => downstream.forward(Account.at(payment.account), payment));
  }
}
