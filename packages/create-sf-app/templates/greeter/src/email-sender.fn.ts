import { type Context, Persisted, StatefulFunction } from '@stateful-functions/core';
import { EmailSender, emails, type PersonalizedGreeting } from './greeter.js';

/** Sends and numbers what goes to one e-mail address. */
@StatefulFunction(EmailSender)
export class EmailSenderFn implements StatefulFunction<PersonalizedGreeting> {
  @Persisted() sent = 0;

  invoke(ctx: Context, greeting: PersonalizedGreeting): void {
    this.sent += 1;
    ctx.send(emails, { ...greeting, number: this.sent });
  }
}
