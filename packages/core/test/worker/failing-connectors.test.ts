import { expect } from 'chai';
import { Application } from '../../src/application/application.js';
import type { RunningApplication } from '../../src/application/running-application.js';
import { MemoryBlobStore } from '../../src/blob/memory-blob-store.js';
import type { EgressRecord, EgressSink } from '../../src/ports/egress-sink.js';
import type { IngressReader, IngressRecord, IngressSource } from '../../src/ports/ingress-source.js';
import { silentLogger } from '../../src/ports/logger.js';
import type { Position } from '../../src/ports/position.js';
import { defineFunction } from '../../src/sdk/define-function.js';
import { Egress } from '../../src/sdk/egress.js';
import { StatefulFunctionsError } from '../../src/sdk/errors.js';
import { FunctionType } from '../../src/sdk/function-type.js';
import { Ingress } from '../../src/sdk/ingress.js';
import type { StatefulFunctionModule } from '../../src/sdk/module.js';
import { VirtualPlatform } from '../../src/testing/virtual-platform.js';
import { rejection } from '../checkpoint/coded.js';

const Echo = FunctionType.of<number>('test/echo');
const numbers = Ingress.of<number>('test/numbers');
const echoes = Egress.of<number>('test/echoes');
const EchoFn = defineFunction(Echo, { invoke: (ctx, number) => ctx.send(echoes, number) });
const count = 3_000;
const all = Array.from({ length: count }, (_, number) => number);

/** Throws what `plan` says, one after the other, each time it is asked; then nothing any more. */
class Failures {
  readonly #plan: readonly (Error | undefined)[];
  asked = 0;

  constructor(plan: readonly (Error | undefined)[] = []) {
    this.#plan = plan;
  }

  strike(): void {
    const error = this.#plan[this.asked++];
    if (error !== undefined) throw error;
  }
}

const always = Array.from({ length: 1_000 }, () => new Error('the outside is gone'));

/** Numbers from 0 on; a reader that failed must not be read again. */
class Numbers implements IngressSource<number> {
  opened = 0;

  constructor(
    readonly reads = new Failures(),
    readonly acknowledgements = new Failures(),
    readonly isBounded = true,
  ) {}

  async open(position: Position | undefined): Promise<IngressReader<number>> {
    this.opened += 1;
    let next = (position as number | undefined) ?? 0;
    let isBroken = false;
    let close = () => {};
    const closed = new Promise<undefined>((resolve) => {
      close = () => resolve(undefined);
    });
    return {
      read: async (max) => {
        expect(isBroken).to.equal(false);
        isBroken = true;
        this.reads.strike();
        isBroken = false;
        if (next === count) return this.isBounded ? undefined : closed;
        const from = next;
        next = Math.min(count, next + Math.min(max, 1_000));
        return all.slice(from, next).map((value): IngressRecord<number> => ({ position: value + 1, value }));
      },
      acknowledge: async () => this.acknowledgements.strike(),
      close: async () => close(),
    };
  }
}

/** Like a file: it knows no ids, and is cut to its position when it is opened. A batch that fails is half written. */
class Tape implements EgressSink<number> {
  values: number[] = [];
  opened = 0;
  #isBroken = false;

  constructor(readonly publishes = new Failures()) {}

  async open(position: Position | undefined): Promise<Position> {
    this.opened += 1;
    this.#isBroken = false;
    this.values = this.values.slice(0, (position as number | undefined) ?? 0);
    return this.values.length;
  }

  async publish(records: readonly EgressRecord<number>[]): Promise<Position> {
    expect(this.#isBroken).to.equal(false);
    const values = records.map(({ value }) => value);
    this.#isBroken = true;
    this.values.push(...values.slice(0, values.length / 2));
    this.publishes.strike();
    this.#isBroken = false;
    this.values.push(...values.slice(values.length / 2));
    return this.values.length;
  }

  async close(): Promise<void> {}
}

describe('Connectors that fail', () => {
  let platform: VirtualPlatform;

  beforeEach(() => {
    platform = new VirtualPlatform();
  });

  async function start(source: Numbers, tape: Tape): Promise<RunningApplication> {
    const module: StatefulFunctionModule = {
      configure(_config, binder) {
        binder.bindIngress(numbers, source);
        binder.bindRouter(numbers, (number, downstream) => downstream.forward(Echo.at('one'), number));
        binder.bindEgress(echoes, tape);
        binder.bindFunctions(EchoFn);
      },
    };
    const checkpoints = { store: new MemoryBlobStore() };
    const options = { platform, checkpoints, logger: silentLogger, handleSignals: false };
    return platform.run(Application.from(module).start(options));
  }

  it('are opened anew where they were, and nothing is lost or doubled', async () => {
    const hiccup = new Error('try again');
    const source = new Numbers(new Failures([undefined, hiccup, undefined, hiccup, hiccup]));
    const tape = new Tape(new Failures([hiccup, hiccup]));
    const app = await start(source, tape);
    await platform.run(app.finished);
    expect(tape.values).to.deep.equal(all);
    expect(source.opened).to.equal(4);
    expect(tape.opened).to.equal(3);
  });

  it('end the application after a minute of it', async () => {
    for (const [source, tape, code] of [
      [new Numbers(new Failures(always)), new Tape(), 'SF_SOURCE'],
      [new Numbers(new Failures(), new Failures(), false), new Tape(new Failures(always)), 'SF_SINK'],
    ] as const) {
      platform = new VirtualPlatform();
      const app = await start(source, tape);
      const error = await platform.run(rejection(code, app.finished));
      expect(always).to.include(error.cause);
      expect(error.message).to.include('failed: the outside is gone');
      expect(platform.clock.monotonic()).to.be.within(60_000, 75_000);
    }
  });

  it('end it at once where a coded error says that it will not pass', async () => {
    const coded = new StatefulFunctionsError('SF_SOURCE_POSITION', 'the file was replaced.');
    const source = new Numbers(new Failures([undefined, coded]));
    const finished = start(source, new Tape()).then((app) => app.finished);
    expect(await rejection('SF_SOURCE_POSITION', finished)).to.equal(coded);
    expect(source.opened).to.equal(1);
  });

  it('do not keep an application from stopping', async () => {
    const source = new Numbers(new Failures(always));
    const withoutSource = await start(source, new Tape());
    await platform.advance(20_000);
    await platform.run(withoutSource.stop());
    await withoutSource.finished;

    const tape = new Tape(new Failures(always));
    const withoutSink = await start(new Numbers(), tape);
    await platform.advance(5_000);
    const stopped = withoutSink.stop();
    await platform.run(rejection('SF_SINK', withoutSink.finished));
    await stopped;
    expect(platform.clock.monotonic()).to.be.below(35_000);
  });

  it('go on without an acknowledgement that failed', async () => {
    const source = new Numbers(new Failures(), new Failures(always));
    const tape = new Tape();
    const app = await start(source, tape);
    await platform.run(app.finished);
    expect(tape.values).to.deep.equal(all);
    expect(source.acknowledgements.asked).to.be.above(0);
  });
});
