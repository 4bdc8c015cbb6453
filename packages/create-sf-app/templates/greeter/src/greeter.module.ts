import {
  type Binder,
  JsonLinesSink,
  JsonLinesSource,
  Module,
  type StatefulFunctionModule,
} from '@stateful-functions/core';
import { EmailSenderFn } from './email-sender.fn.js';
import { GreetRouter } from './greet-router.js';
import { GreeterFn } from './greeter.fn.js';
import { emails, greetings } from './greeter.js';

/** What the application is made of, and where it is connected. */
@Module()
export class GreeterModule implements StatefulFunctionModule {
  configure(config: ReadonlyMap<string, string>, binder: Binder): void {
    // With `follow`, lines that are appended while it runs are read as they come.
    binder.bindIngress(greetings, new JsonLinesSource({ path: config.get('events') ?? 'events.jsonl', follow: true }));
    binder.bindEgress(emails, new JsonLinesSink({ path: config.get('emails') ?? 'emails.jsonl' }));
    binder.bindFunctions(GreeterFn, EmailSenderFn);
    binder.bindRouters(GreetRouter);
  }
}
