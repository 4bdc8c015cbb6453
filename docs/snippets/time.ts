import {
  type CancellationToken,
  type Context,
  Egress,
  FunctionType,
  type Handlers,
  Persisted,
  StatefulFunction,
  send,
} from '@stateful-functions/core';

export const Reminder = FunctionType.contract('app/reminder', {
  remind: send<Date>(),
  snooze: send(),
  cancel: send(),
  ring: send(),
});

export const bell = Egress.of<string>('app/bell');

@StatefulFunction(Reminder)
export class ReminderFn implements Handlers<typeof Reminder> {
  @Persisted() alarm: CancellationToken | undefined = undefined;

  remind(ctx: Context, when: Date): void {
    this.cancel(ctx);
    this.alarm = ctx.at(when).to(Reminder.at(ctx.self.id)).ring();
  }

  snooze(ctx: Context): void {
    this.cancel(ctx);
    this.alarm = ctx.after('10m').to(Reminder.at(ctx.self.id)).ring();
  }

  cancel(ctx: Context): void {
    if (this.alarm !== undefined) ctx.cancel(this.alarm);
    this.alarm = undefined;
  }

  ring(ctx: Context): void {
    this.alarm = undefined;
    ctx.send(bell, `${ctx.self.id} at ${new Date(ctx.now()).toISOString()}`);
  }
}
