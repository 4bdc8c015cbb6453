import { type Downstream, Route, type Router } from '@stateful-functions/core';
import { Greeter, type GreetRequest, greetings } from './greeter.js';

/** Each request goes to the greeter of its user. */
@Route(greetings)
export class GreetRouter implements Router<GreetRequest> {
  route(request: GreetRequest, downstream: Downstream): void {
    downstream.forward(Greeter.at(request.userId), request);
  }
}
