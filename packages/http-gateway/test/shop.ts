import {
  Address,
  ask,
  type Binder,
  defineFunction,
  FunctionType,
  query,
  type ReplyHandle,
  type Schema,
  type StatefulFunctionModule,
  send,
} from '@stateful-functions/core';

/** A schema that takes a text of digits, and yields their number. */
export const Digits: Schema = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) =>
      typeof value === 'string' && /^\d+$/.test(value)
        ? { value: Number(value) }
        : { issues: [{ message: 'no text of digits', path: ['count'] }] },
  },
};

/** What a handler waits for until a test lets it go on. */
export class Gate {
  #open: () => void = () => {};
  #entered: () => void = () => {};
  readonly opened = new Promise<void>((resolve) => {
    this.#open = resolve;
  });
  /** Resolves when a handler waits. */
  readonly entered = new Promise<void>((resolve) => {
    this.#entered = resolve;
  });

  wait(): Promise<void> {
    this.#entered();
    return this.opened;
  }

  open(): void {
    this.#open();
  }
}

/** The functions that the tests of the gateway call, in a module for one application. */
export class Shop implements StatefulFunctionModule {
  readonly gate = new Gate();
  /** Every invocation: what it was, and for whom. */
  readonly seen: {
    readonly what: string;
    readonly id: string;
    readonly message: unknown;
    readonly headers: unknown;
  }[] = [];

  configure(_config: ReadonlyMap<string, string>, binder: Binder): void {
    const note = (what: string, ctx: { self: { id: string }; headers: unknown }, message: unknown) =>
      void this.seen.push({ what, id: ctx.self.id, message, headers: ctx.headers });
    const { gate } = this;
    binder.bindFunctions(
      defineFunction(FunctionType.of<unknown>('shop/log'), {
        state: () => ({ count: 0 }),
        invoke(ctx, message) {
          this.count += 1;
          note('log', ctx, message);
        },
      }),
      defineFunction(FunctionType.of('shop/digits', Digits), {
        state: () => ({}),
        invoke: (ctx, message) => note('digits', ctx, message),
      }),
      defineFunction(
        Cart,
        {
          state: () => ({ items: [] as unknown[] }),
          handlers: {
            put(ctx, item) {
              note('put', ctx, item);
              this.items.push(item);
            },
            total(ctx) {
              note('total', ctx, undefined);
              this.items.push('total');
              return this.items.length;
            },
            count(_ctx, digits) {
              return digits;
            },
            look(_ctx, from) {
              return { items: this.items, from };
            },
            mirror: (_ctx, message) => message,
            rich: () => rich(),
            broken: () => {
              throw new Error('out of order');
            },
            refuse(ctx) {
              const handle = ctx.replyHandle<unknown>();
              ctx.fail(handle as ReplyHandle<never>, { code: 'OUT_OF_STOCK', message: 'nothing left' });
              return handle;
            },
            never: (ctx) => ctx.replyHandle<unknown>(),
            async gated(_ctx) {
              await gate.wait();
              return 'through';
            },
          },
        },
        { retry: { maxAttempts: 1 } },
      ),
    );
  }
}

export const Cart = FunctionType.contract('shop/cart', {
  put: send<unknown>(),
  total: ask<void, number>(),
  count: ask(Digits, Digits),
  look: query<unknown, unknown>(),
  mirror: ask<unknown, unknown>(),
  rich: ask<void, unknown>(),
  broken: ask<void, unknown>(),
  refuse: ask<void, unknown>(),
  never: ask<void, unknown>(),
  gated: ask<void, string>(),
});

/** One of each kind that JSON lacks. */
function rich(): unknown {
  return {
    nothing: undefined,
    list: [undefined, Number.NaN],
    big: 2n ** 64n,
    date: new Date(0),
    noDate: new Date(Number.NaN),
    map: new Map<unknown, unknown>([['a', 1n]]),
    set: new Set(['a']),
    bytes: new Uint8Array([1, 2, 3]),
    floats: new Float64Array([0.5]),
    error: Object.assign(new RangeError('too far'), { code: 'FAR' }),
    address: new Address(FunctionType.of('shop/log'), 'ü/1'),
  };
}
