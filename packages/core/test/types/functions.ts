/**
 * What the compiler must accept, and what it must refuse: an unused `@ts-expect-error` fails the build. Nothing here
 * runs.
 */
import type {
  AnyAddress,
  Binder,
  Context,
  Downstream,
  EgressSink,
  IngressSource,
  Router,
  StatefulFunctionModule,
} from '../../src/index.js';
import {
  defineFunction,
  Egress,
  FunctionType,
  Ingress,
  Module,
  Persisted,
  PersistedMap,
  Route,
  StatefulFunction,
} from '../../src/index.js';
import { Count } from './schemas.js';

interface Request {
  readonly userId: string;
}
interface DetailedRequest extends Request {
  readonly detail: number;
}
interface Email {
  readonly to: string;
}

const Greeter = FunctionType.of<Request>('example/greeter');
const Counter = FunctionType.of('example/counter', Count);
const requests = Ingress.of<Request>('example/requests');
const counts = Ingress.of('example/counts', Count);
const emails = Egress.of<Email>('example/emails');

// @ts-expect-error a name has a namespace
FunctionType.of<Request>('greeter');
// @ts-expect-error and so has an ingress's
Ingress.of<Request>('requests');

export function sends(ctx: Context, downstream: Downstream): void {
  ctx.send(Greeter.at('a'), { userId: 'a' });
  ctx.send(emails, { to: 'a' });
  ctx.sendAfter('5m', Greeter.at('a'), { userId: 'a' });
  ctx.cancel(ctx.sendAt(new Date(0), Greeter.at('a'), { userId: 'a' }));
  ctx.send(Counter.at('a'), '1');
  downstream.forward(Greeter.at('a'), { userId: 'a' });
  // @ts-expect-error a payload of another type
  ctx.send(Greeter.at('a'), { to: 'a' });
  // @ts-expect-error a property too many is a mistake in a literal
  ctx.send(Greeter.at('a'), { userId: 'a', to: 'a' });
  // @ts-expect-error no payload
  ctx.send(Greeter.at('a'));
  // @ts-expect-error a record of another type
  ctx.send(emails, { userId: 'a' });
  // @ts-expect-error senders give the input of a schema, not its output
  ctx.send(Counter.at('a'), 1);
  // @ts-expect-error a delay is a duration
  ctx.sendAfter('soon', Greeter.at('a'), { userId: 'a' });
  // @ts-expect-error an egress cannot be sent to later
  ctx.sendAfter('5m', emails, { to: 'a' });
  // @ts-expect-error a payload of another type, in a router
  downstream.forward(Greeter.at('a'), { to: 'a' });
  // @ts-expect-error a router forwards to functions only
  downstream.forward(emails, { to: 'a' });
  // @ts-expect-error what the caller takes is not known: use replies
  ctx.send(ctx.caller as AnyAddress, { userId: 'a' });
  // @ts-expect-error a plain function has no operations
  ctx.to(Greeter.at('a'));
}

@StatefulFunction(Greeter)
export class GreeterFn implements StatefulFunction<Request> {
  @Persisted() seen = 0;
  @Persisted({ name: 'seenAt', version: 2, migrate: (stored) => new Date(stored as number) }) lastSeen = new Date(0);
  @Persisted() readonly visits = PersistedMap.of<string, number>({ ttl: '90d' });

  constructor(readonly texts: Map<string, string>) {}

  invoke(ctx: Context, request: Request): void {
    ctx.logger.info({ texts: this.texts.size }, request.userId);
  }
}

@StatefulFunction(Greeter, { timeout: '5s', retry: { maxAttempts: 3, backoff: { initial: '1s' } } })
export class AsyncGreeterFn {
  async invoke(_ctx: Context, _request: Request): Promise<void> {}
}

// Schemas: the handler takes the output.
@StatefulFunction(Counter)
export class CounterFn implements StatefulFunction<number> {
  invoke(_ctx: Context, count: number): void {
    count.toFixed();
  }
}

// @ts-expect-error the handler takes the input of the schema
@StatefulFunction(Counter)
export class InputFn {
  invoke(_ctx: Context, _count: string): void {}
}

// @ts-expect-error the handler wants more than senders give
@StatefulFunction(Greeter)
export class NarrowFn {
  invoke(_ctx: Context, _request: DetailedRequest): void {}
}

// @ts-expect-error there is no handler
@StatefulFunction(Greeter)
export class HandlerlessFn {}

// @ts-expect-error an option of another type
@StatefulFunction(Greeter, { timeout: 'long' })
export class OptionFn {
  invoke(): void {}
}

// A handler may want less.
@StatefulFunction(FunctionType.of<DetailedRequest>('example/wide'))
export class WideFn {
  invoke(_ctx: Context, _request: Request): void {}
}

export class NarrowImplementation implements StatefulFunction<Request> {
  // @ts-expect-error a narrower message
  invoke(_ctx: Context, _request: DetailedRequest): void {}
}

export class Misplaced {
  // @ts-expect-error parentheses are missing
  @Persisted bare = 0;
  // @ts-expect-error a version is a number
  @Persisted({ version: '2' }) versioned = 0;
}

@Route(requests)
export class RequestRouter implements Router<Request> {
  route(request: Request, downstream: Downstream): void {
    downstream.forward(Greeter.at(request.userId), request);
  }
}

// @ts-expect-error a router of narrower records
@Route(requests)
export class NarrowRouter {
  route(_request: DetailedRequest, _downstream: Downstream): void {}
}

@Route(counts)
export class CountRouter implements Router<number> {
  route(_count: number, _downstream: Downstream): void {}
}

// @ts-expect-error a module configures
@Module()
export class EmptyModule {}

@Module()
export class TypedModule implements StatefulFunctionModule {
  constructor(
    readonly source: IngressSource<Request>,
    readonly detailed: IngressSource<DetailedRequest>,
    readonly other: IngressSource<Email>,
    readonly sink: EgressSink<Email>,
    readonly anySink: EgressSink<unknown>,
    readonly otherSink: EgressSink<Request>,
  ) {}

  configure(_config: ReadonlyMap<string, string>, binder: Binder): void {
    binder.bindIngress(requests, this.source);
    binder.bindIngress(requests, this.detailed);
    binder.bindEgress(emails, this.sink);
    binder.bindEgress(emails, this.anySink);
    // @ts-expect-error a source of other records
    binder.bindIngress(requests, this.other);
    // @ts-expect-error a sink of other records
    binder.bindEgress(emails, this.otherSink);
    binder.bindFunctions(GreeterFn, CounterFn);
    // @ts-expect-error an instance is no class
    binder.bindFunctions(new CounterFn());
    binder.bindFunction(Greeter, () => new GreeterFn(new Map()));
    binder.bindFunction(Greeter, (services) => new GreeterFn(services.get<Map<string, string>>('texts')));
    binder.bindFunction(Counter, () => ({ invoke: (_ctx, count) => void count.toFixed() }));
    // @ts-expect-error a factory of another function
    binder.bindFunction(Counter, () => new GreeterFn(new Map()));
    binder.bindNamespace('example', (type) => (type.name === 'example/greeter' ? new GreeterFn(new Map()) : undefined));
    // @ts-expect-error what a namespace's factory makes is a function
    binder.bindNamespace('example', () => ({}));
    binder.bindRouters(RequestRouter);
    binder.bindRouter(requests, (request, downstream) => downstream.forward(Greeter.at(request.userId), request));
    // @ts-expect-error a route function for other records
    binder.bindRouter(requests, (_email: Email) => {});
    binder.bindService(GreeterFn, new GreeterFn(new Map()));
    // @ts-expect-error a value of another class
    binder.bindService(GreeterFn, new CounterFn());
    binder.retire(Greeter);
    binder.retire('example/gone');
  }
}

export const DefinedGreeter = defineFunction(Greeter, {
  state: () => ({ seen: 0, visits: PersistedMap.of<string, number>() }),
  persisted: { seen: { version: 2, migrate: (stored) => Number(stored) } },
  invoke(ctx, request) {
    this.seen += request.userId.length;
    this.visits.set(request.userId, this.seen);
    ctx.send(emails, { to: request.userId });
    // @ts-expect-error not in the state
    this.unseen = 1;
    // @ts-expect-error a field of another type
    this.seen = 'many';
    // @ts-expect-error not in the message
    request.to;
  },
});

export const DefinedCounter = defineFunction(Counter, {
  state: () => ({ sum: 0 }),
  async invoke(_ctx, count) {
    this.sum += count;
  },
});

export const stateless = defineFunction(Greeter, { invoke() {} });
export const made: { seen: number } = new DefinedGreeter();

// @ts-expect-error no handler
defineFunction(Greeter, { state: () => ({ seen: 0 }) });
// @ts-expect-error options for a field that is not there
defineFunction(Greeter, { state: () => ({ seen: 0 }), persisted: { gone: {} }, invoke() {} });
// @ts-expect-error a handler of narrower messages
defineFunction(Greeter, { invoke: (_ctx: Context, _request: DetailedRequest) => {} });
