import { expect } from 'chai';
import { Inject, Service, ServiceContainer, Token } from '../../src/sdk/service.js';
import { refuses } from './refuses.js';

interface Greeting {
  readonly text: string;
}
const greetingToken = new Token<Greeting>('greeting');

@Service()
class Clock {
  now = 7;
  destroyed = false;
  destroy(): void {
    this.destroyed = true;
  }
}

@Service()
class Texts {
  constructor(readonly clock: Clock) {}
}

abstract class Store {
  abstract readonly name: string;
}

function Marked(): ClassDecorator {
  return () => {};
}

@Marked()
class Worker {
  @Inject() clock!: Clock;
  constructor(
    readonly texts: Texts,
    readonly store: Store,
    @Inject(greetingToken) readonly greeting: Greeting,
    readonly limit = 5,
    readonly lazyClock: Clock = new Clock(),
  ) {}
}

const store: Store = { name: 'memory' };

function filled(): ServiceContainer {
  const container = new ServiceContainer();
  container.set(Store, store);
  container.set(greetingToken, { text: 'hello' });
  return container;
}

/** A class as a compiler without metadata leaves it. */
function bare(...injected: (Token<unknown> | undefined)[]): new (...args: never[]) => { readonly args: unknown[] } {
  class Bare {
    readonly args: unknown[];
    constructor(first: unknown, second: unknown) {
      this.args = [first, second];
    }
  }
  for (const [index, token] of injected.entries()) {
    if (token !== undefined) (Inject(token) as ParameterDecorator)(Bare, undefined, index);
  }
  return Bare;
}

describe('ServiceContainer', () => {
  it('injects services, provided values, tokens and properties, and leaves defaults to the class', () => {
    const worker = filled().factoryOf(Worker, 'the function a/b')();
    expect(worker.texts).to.be.instanceOf(Texts);
    expect(worker.store).to.equal(store);
    expect(worker.greeting.text).to.equal('hello');
    expect(worker.limit).to.equal(5);
    expect(worker.clock).to.equal(worker.texts.clock);
    expect(worker.lazyClock).to.equal(worker.clock);
  });

  it('makes a new instance each time, of services that are one per application', () => {
    const container = filled();
    const make = container.factoryOf(Worker, 'the function a/b');
    const [first, second] = [make(), make()];
    expect(first).to.not.equal(second);
    expect(first.texts).to.equal(second.texts);
    expect(container.get(Texts)).to.equal(first.texts);
    expect(filled().factoryOf(Worker, 'the function a/b')().texts).to.not.equal(first.texts);
  });

  it('gives each instance its own of a transient service', () => {
    @Service({ transient: true })
    class Draft {}
    @Marked()
    class Writer {
      constructor(readonly draft: Draft) {}
    }
    @Service({ transient: true })
    class Page {
      constructor(readonly draft: Draft) {}
    }
    const container = new ServiceContainer();
    const make = container.factoryOf(Writer, 'the function a/b');
    expect(container.get(Page).draft).to.not.equal(container.get(Page).draft);
    const drafts = new Set([make().draft, make().draft, make().draft]);
    expect(drafts.size).to.equal(3);
  });

  it('injects an inherited constructor', () => {
    @Marked()
    class Derived extends Worker {}
    const worker = filled().factoryOf(Derived, 'the function a/b')();
    expect(worker.texts).to.be.instanceOf(Texts);
    expect(worker.greeting.text).to.equal('hello');
    expect(worker.clock).to.be.instanceOf(Clock);
  });

  it('passes nothing to a class that asks for nothing', () => {
    class Plain {
      readonly count: number;
      constructor(...args: never[]) {
        this.count = args.length;
      }
    }
    expect(new ServiceContainer().factoryOf(Plain, 'the function a/b')().count).to.equal(0);
  });

  it('refuses parameters of which the compiler wrote nothing', () => {
    const make = () => new ServiceContainer().factoryOf(bare(), 'the function a/b');
    refuses('SF_MISSING_METADATA', make, 'a/b', 'parameter 0', 'emitDecoratorMetadata');
  });

  it('needs no metadata where each parameter has a token', () => {
    const [one, two] = [new Token<unknown>('one'), new Token<unknown>('two')];
    const container = new ServiceContainer();
    container.set(one, 1);
    container.set(two, 2);
    expect(container.factoryOf(bare(one, two), 'the function a/b')().args).to.deep.equal([1, 2]);
    refuses('SF_MISSING_METADATA', () => container.factoryOf(bare(one), 'the function a/b'), 'parameter 1');
  });

  for (const [type, fix] of [
    [Object, 'import type'],
    [Function, 'import type'],
    [String, '@Inject'],
    [undefined, 'circular'],
  ] as const) {
    it(`refuses a parameter of type ${type?.name ?? 'undefined'}, and says why`, () => {
      const target = bare();
      Reflect.defineMetadata('design:paramtypes', [Clock, type], target);
      const make = () => new ServiceContainer().factoryOf(target, 'the function a/b');
      refuses('SF_MISSING_METADATA', make, 'a/b', 'parameter 1', fix);
    });
  }

  it('refuses a service that nobody provides, by class and by token, before anything is made', () => {
    let made = 0;
    @Marked()
    class Eager {
      constructor(readonly worker: Store) {
        made += 1;
      }
    }
    const container = new ServiceContainer();
    refuses('SF_UNBOUND_SERVICE', () => container.factoryOf(Eager, 'the function a/b'), 'a/b', 'parameter 0');
    container.set(Store, store);
    refuses('SF_UNBOUND_SERVICE', () => container.factoryOf(Worker, 'the function a/c'), 'a/c', 'parameter 2');
    refuses('SF_UNBOUND_SERVICE', () => container.get(greetingToken), 'greeting');
    expect(made).to.equal(0);
  });

  it('looks into the constructors of services, too', () => {
    @Service()
    class Broken {
      constructor(readonly options: { readonly size: number }) {}
    }
    @Marked()
    class Outer {
      constructor(readonly broken: Broken) {}
    }
    const make = () => new ServiceContainer().factoryOf(Outer, 'the function a/b');
    refuses('SF_MISSING_METADATA', make, 'a/b', 'parameter 0', 'Object');
  });

  it('destroys the services it made, and not the values it was given', () => {
    const container = new ServiceContainer();
    const given = new Clock();
    container.set('given', given);
    const other = filled();
    other.set(Clock, given);
    const made = container.get(Clock);
    expect(other.get(Texts).clock).to.equal(given);
    container.dispose();
    other.dispose();
    expect(made.destroyed).to.equal(true);
    expect(given.destroyed).to.equal(false);
  });
});
