import { MemorySink } from '../../src/io/memory-sink.js';
import { Egress } from '../../src/sdk/egress.js';
import type { Binder, StatefulFunctionModule } from '../../src/sdk/module.js';
import type { Constructor } from '../../src/sdk/registry.js';

/** Where functions under test say what they did. */
export const out = Egress.of<unknown>('test/out');

/** A module that binds these functions, and the egress `out`. */
export function moduleOf(...functions: Constructor[]): StatefulFunctionModule {
  return {
    configure(_config: ReadonlyMap<string, string>, binder: Binder) {
      binder.bindEgress(out, new MemorySink());
      binder.bindFunctions(...functions);
    },
  };
}

/** A promise and what settles it. */
export function gate<T>(): { promise: Promise<T>; open: (value: T) => void } {
  let open!: (value: T) => void;
  const promise = new Promise<T>((resolve) => {
    open = resolve;
  });
  return { promise, open };
}

/** What a promise rejects with; fails when it does not. */
export async function rejection(promise: Promise<unknown>): Promise<Error & { code?: string }> {
  return promise.then(
    (value) => {
      throw new Error(`resolved with ${String(value)}`);
    },
    (error: Error) => error,
  );
}
