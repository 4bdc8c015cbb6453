import { type Context, FunctionType, Persisted, StatefulFunction } from '@stateful-functions/core';

export const Counter = FunctionType.of<number>('example/counter');

@StatefulFunction(Counter)
export class CounterFn implements StatefulFunction<number> {
  @Persisted() total = 0;

  invoke(_ctx: Context, step: number): void {
    this.total += step;
  }
}
