import { type Context, Persisted, StatefulFunction } from '@stateful-functions/core';
import { EmailSender, Greeter, type GreetRequest } from './greeter.js';
import { GreetingTexts } from './greeting-texts.js';

/** Counts the visits of one user, and has a greeting sent for each. */
@StatefulFunction(Greeter)
export class GreeterFn implements StatefulFunction<GreetRequest> {
  @Persisted() seen = 0;

  constructor(private readonly texts: GreetingTexts) {}

  invoke(ctx: Context, request: GreetRequest): void {
    this.seen += 1;
    ctx.send(EmailSender.at(request.email), { to: request.email, text: this.texts.greet(request.name, this.seen) });
  }
}
