import {
  type Binder,
  type Context,
  type Handlers,
  Module,
  Persisted,
  StatefulFunction,
  type StatefulFunctionModule,
} from '@stateful-functions/core';
import { answering } from './node-voice.js';
import {
  type Beginning,
  type Crossings,
  type Hop,
  nextAt,
  Ring,
  ringId,
  ringIds,
  ringQuestions,
  ringText,
  type Tally,
} from './ring.js';

/** Of this process: other than the state of addresses, it is not undone when messages are. */
const node = Math.floor(Math.random() * 1e9);
let crossings = 0;
let isEnding = false;

answering(ringQuestions.crossings, (): Crossings => ({ count: crossings, atMs: performance.now() }));
answering(ringQuestions.end, () => {
  isEnding = true;
});

@StatefulFunction(Ring)
class RingFn implements Handlers<typeof Ring> {
  @Persisted() seen = 0;
  @Persisted() ended = 0;
  @Persisted() hops = 0;

  begin(ctx: Context, { at, messages }: Beginning): void {
    for (let number = 1; number <= messages; number += 1) {
      const to = (at + number) % ringIds;
      ctx.to(Ring.at(ringId(to))).hop({ at: to, hops: 0, from: node, text: ringText });
    }
  }

  hop(ctx: Context, { at, hops, from, text }: Hop): void {
    if (from !== node) crossings += 1;
    this.seen += 1;
    if (isEnding) {
      this.ended += 1;
      this.hops += hops;
      return;
    }
    const to = nextAt({ at, hops });
    ctx.to(Ring.at(ringId(to))).hop({ at: to, hops: hops + 1, from: node, text });
  }

  tally(): Tally {
    const { seen, ended, hops } = this;
    return { seen, ended, hops };
  }
}

@Module()
export class RingOverNodesModule implements StatefulFunctionModule {
  configure(_config: ReadonlyMap<string, string>, binder: Binder): void {
    binder.bindFunctions(RingFn);
  }
}
