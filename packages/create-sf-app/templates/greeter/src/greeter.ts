import { Egress, FunctionType, Ingress } from '@stateful-functions/core';

/** Somebody came by. */
export interface GreetRequest {
  readonly userId: string;
  readonly name: string;
  readonly email: string;
}

/** What to tell somebody. */
export interface PersonalizedGreeting {
  readonly to: string;
  readonly text: string;
}

/** A greeting on its way; `number` counts those to one address. */
export interface Email extends PersonalizedGreeting {
  readonly number: number;
}

/** One for each user, by user id. */
export const Greeter = FunctionType.of<GreetRequest>('example/greeter');

/** One for each e-mail address. */
export const EmailSender = FunctionType.of<PersonalizedGreeting>('example/email-sender');

export const greetings = Ingress.of<GreetRequest>('example/greetings');
export const emails = Egress.of<Email>('example/emails');
