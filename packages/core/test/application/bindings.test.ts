import { expect } from 'chai';
import { Bindings } from '../../src/application/bindings.js';
import { MemorySink, MemorySource } from '../../src/index.js';
import { send } from '../../src/sdk/contract.js';
import { defineFunction } from '../../src/sdk/define-function.js';
import { Egress } from '../../src/sdk/egress.js';
import type { FunctionOptions } from '../../src/sdk/function-definition.js';
import { FunctionType } from '../../src/sdk/function-type.js';
import { Ingress } from '../../src/sdk/ingress.js';
import { type Binder, Module } from '../../src/sdk/module.js';
import { Persisted } from '../../src/sdk/persisted.js';
import { Route } from '../../src/sdk/route.js';
import { Service } from '../../src/sdk/service.js';
import { StatefulFunction } from '../../src/sdk/stateful-function.js';
import { refuses } from '../sdk/refuses.js';

const Counter = FunctionType.of<number>('test/counter');
const Door = FunctionType.contract('test/door', { open: send(), close: send() });
const numbers = Ingress.of<number>('test/numbers');
const results = Egress.of<number>('test/results');

@Service()
class Steps {
  readonly size = 2;
}

class Late {
  readonly size: number = 3;
}

@StatefulFunction(Counter, { timeout: '1s' })
class CounterFn {
  @Persisted() sum = 0;
  constructor(
    readonly steps: Steps,
    readonly late: Late,
  ) {}
  invoke(): void {}
}

@Route(numbers)
class NumberRouter {
  constructor(readonly steps: Steps) {}
  route(): void {}
}

const DoorFn = defineFunction(Door, { handlers: { open() {}, close() {} } });

/** Bindings of modules that do no more than this. */
function bind(...configures: ((binder: Binder, config: ReadonlyMap<string, string>) => void)[]): Bindings {
  const modules = configures.map((configure) => ({
    configure: (config: ReadonlyMap<string, string>, binder: Binder) => configure(binder, config),
  }));
  return Bindings.of(modules, new Map([['key', 'value']]));
}

const ingress = (binder: Binder) => binder.bindIngress(numbers, new MemorySource<number>());
const late = (binder: Binder) => binder.bindService(Late, new Late());

describe('Bindings', () => {
  it('joins modules, in whatever order they provide and ask', () => {
    const bindings = bind(
      (binder) => binder.bindRouters(NumberRouter),
      (binder) => binder.bindRouter(numbers, () => {}),
      (binder) => binder.bindFunctions(CounterFn, DoorFn),
      (binder) => binder.bindEgress(results, new MemorySink<number>()),
      (binder, config) => binder.retire(`old/${config.get('key')}`),
      ingress,
      late,
    );
    expect([...bindings.functions.keys()]).to.deep.equal(['test/counter', 'test/door']);
    expect(bindings.ingresses.get('test/numbers')?.routers).to.have.length(2);
    expect(bindings.ingresses.get('test/numbers')?.routers[0]).to.have.property('steps').instanceOf(Steps);
    expect(bindings.egresses.get('test/results')?.egress).to.equal(results);
    expect([...bindings.retired]).to.deep.equal(['old/value']);
  });

  it('binds the partitions of an ingress one by one, with the routers of the whole', () => {
    const bindings = bind(
      (binder) => binder.bindRouters(NumberRouter),
      (binder) => binder.bindRouter(numbers, () => {}),
      (binder) =>
        binder.bindPartitions(numbers, { north: new MemorySource<number>(), south: new MemorySource<number>() }),
    );
    expect([...bindings.ingresses.keys()]).to.deep.equal(['test/numbers#north', 'test/numbers#south']);
    const [north, south] = bindings.ingresses.values();
    expect(north?.routers).to.have.length(2);
    expect(south?.routers).to.deep.equal(north?.routers);
    expect(south?.source).to.not.equal(north?.source);
  });

  it('refuses an ingress that is bound twice, in parts or whole, and partitions that are none', () => {
    const parts = (binder: Binder) => binder.bindPartitions(numbers, { a: new MemorySource<number>() });
    refuses('SF_DUPLICATE_BINDING', () => bind(parts, parts), 'test/numbers');
    refuses('SF_DUPLICATE_BINDING', () => bind(parts, ingress), 'test/numbers');
    refuses('SF_DUPLICATE_BINDING', () => bind(ingress, parts), 'test/numbers');
    refuses('SF_INVALID_OPTION', () => bind((binder) => binder.bindPartitions(numbers, {})), 'test/numbers');
    for (const name of ['', 'a#b', 'a/b', 'a b', '__proto__ ', 'x'.repeat(129)]) {
      const hostile = (binder: Binder) => binder.bindPartitions(numbers, { [name]: new MemorySource<number>() });
      refuses('SF_INVALID_NAME', () => bind(hostile), JSON.stringify(name));
    }
  });

  it('defines a function by its class, with injected instances', () => {
    const definition = bind(late, (binder) => binder.bindFunctions(CounterFn)).functionOf('test/counter');
    expect(definition).to.deep.include({ operations: undefined, options: { timeout: '1s' } });
    expect(definition?.type.name).to.equal('test/counter');
    expect(definition?.fields.map(({ name }) => name)).to.deep.equal(['sum']);
    const [one, other] = [definition?.create() as CounterFn, definition?.create() as CounterFn];
    expect(one).to.be.instanceOf(CounterFn);
    expect(one).to.not.equal(other);
    expect([one.steps, one.late]).to.deep.equal([other.steps, other.late]);
  });

  it('defines a function by a factory, with the fields and options of what it makes', () => {
    const bindings = bind(late, (binder) => {
      binder.bindFunction(Counter, (services) => new CounterFn(services.get(Steps), services.get(Late)));
      binder.bindFunction(Door, () => new DoorFn(), { timeout: '2s' });
    });
    const counter = bindings.functionOf('test/counter');
    expect(counter?.options).to.deep.equal({ timeout: '1s' });
    expect(counter?.fields).to.have.length(1);
    expect(counter?.create()).to.have.nested.property('late.size', 3);
    expect(bindings.functionOf('test/door')?.options).to.deep.equal({ timeout: '2s' });
    expect(bindings.functionOf('test/door')?.operations).to.have.keys('open', 'close');
  });

  it('asks the factory of a namespace for what is not bound by itself', () => {
    class Dynamic {
      @Persisted() count = 0;
      constructor(readonly name: string) {}
      invoke(): void {}
    }
    const bindings = bind((binder) => {
      binder.bindFunctions(DoorFn);
      binder.bindNamespace('test', ({ name }) => (name === 'test/gone' ? undefined : new Dynamic(name)));
      binder.retire('test/retired');
    });
    const dynamic = bindings.functionOf('test/dynamic');
    expect(dynamic?.create()).to.deep.include({ name: 'test/dynamic', count: 0 });
    expect(dynamic?.fields).to.have.length(1);
    expect(bindings.functionOf('test/dynamic')).to.equal(dynamic);
    expect(bindings.functionOf('test/door')?.operations).to.not.equal(undefined);
    for (const name of ['test/gone', 'test/retired', 'other/dynamic']) {
      expect(bindings.functionOf(name), name).to.equal(undefined);
    }
    expect(bindings.functions.has('test/dynamic')).to.equal(false);
  });

  it('makes module classes anew for each application, with what earlier modules provide', () => {
    @Module()
    class Injected {
      constructor(readonly late: Late) {}
      configure(_config: ReadonlyMap<string, string>, binder: Binder): void {
        binder.bindService('module', this);
      }
    }
    const provider = { configure: (_: ReadonlyMap<string, string>, binder: Binder) => late(binder) };
    const made = () => Bindings.of([provider, Injected], new Map()).services.get<Injected>('module');
    const [one, other] = [made(), made()];
    expect(one.late.size).to.equal(3);
    expect(other).to.not.equal(one);
    refuses('SF_UNBOUND_SERVICE', () => Bindings.of([Injected], new Map()), 'module', 'parameter 0');
  });

  it('refuses a name that is bound twice', () => {
    const sink = new MemorySink<number>();
    const twice: [string, (binder: Binder) => void][] = [
      ['test/door', (binder) => binder.bindFunctions(DoorFn)],
      ['test/door', (binder) => binder.bindFunction(Door, () => new DoorFn())],
      ['test/numbers', ingress],
      ['test/results', (binder) => binder.bindEgress(results, sink)],
      ['namespace test', (binder) => binder.bindNamespace('test', () => undefined)],
    ];
    for (const [name, configure] of twice) refuses('SF_DUPLICATE_BINDING', () => bind(configure, configure), name);
    const retired = () =>
      bind(
        (binder) => binder.bindFunctions(DoorFn),
        (binder) => binder.retire(Door),
      );
    refuses('SF_DUPLICATE_BINDING', retired, 'test/door', 'retired');
  });

  it('refuses classes that are not marked', () => {
    class Unmarked {
      invoke(): void {}
    }
    refuses('SF_NOT_DECORATED', () => bind((binder) => binder.bindFunctions(Unmarked)), 'invoke');
    refuses('SF_NOT_DECORATED', () => bind((binder) => binder.bindRouters(Unmarked)));
  });

  it('refuses a function without a handler, and finds handlers that are fields', () => {
    const HalfDoor = defineFunction(Door, { handlers: { open() {} } as never });
    refuses('SF_MISSING_HANDLER', () => bind((binder) => binder.bindFunctions(HalfDoor)), 'test/door', 'close');
    refuses('SF_MISSING_HANDLER', () => bind((binder) => binder.bindFunction(Counter, () => ({}) as never)), 'invoke');
    @StatefulFunction(Counter)
    class Arrow {
      invoke = (): void => {};
    }
    expect(bind((binder) => binder.bindFunctions(Arrow)).functionOf('test/counter')).to.not.equal(undefined);
  });

  it('refuses a router without an ingress, and an ingress without a router', () => {
    refuses('SF_UNBOUND_INGRESS', () => bind((binder) => binder.bindRouters(NumberRouter)), 'test/numbers');
    refuses('SF_MISSING_ROUTER', () => bind(ingress), 'test/numbers');
  });

  it('refuses constructors that cannot be injected, by the name of the function', () => {
    refuses(
      'SF_UNBOUND_SERVICE',
      () => bind((binder) => binder.bindFunctions(CounterFn)),
      'test/counter',
      'parameter 1',
    );
    @StatefulFunction(Counter)
    class Untyped {
      constructor(readonly steps: { readonly size: number }) {}
      invoke(): void {}
    }
    refuses(
      'SF_MISSING_METADATA',
      () => bind((binder) => binder.bindFunctions(Untyped)),
      'test/counter',
      'parameter 0',
    );
  });

  it('refuses two fields under one stored name', () => {
    @StatefulFunction(Counter)
    class Clash {
      @Persisted() a = 0;
      @Persisted({ name: 'a' }) b = 0;
      invoke(): void {}
    }
    refuses('SF_INVALID_STATE_FIELD', () => bind((binder) => binder.bindFunctions(Clash)), 'test/counter', '"a"');
  });

  it('refuses options that cannot work', () => {
    const wrong: FunctionOptions[] = [
      { timeout: 'soon' as never },
      { retry: { maxAttempts: 0 } },
      { retry: { maxAttempts: 1.5 } },
      { retry: { backoff: { initial: -1 } } },
      { retry: { backoff: { max: Number.NaN } } },
    ];
    for (const options of wrong) {
      const start = () => bind((binder) => binder.bindFunction(Door, () => new DoorFn(), options));
      refuses('SF_INVALID_OPTION', start, 'test/door');
    }
  });

  it('refuses a module that binds too late, or not at all', () => {
    const asynchronous = { configure: async () => {} };
    refuses('SF_INVALID_MODULE', () => Bindings.of([asynchronous], new Map()), 'asynchronous');
    refuses('SF_INVALID_MODULE', () => Bindings.of([{} as never], new Map()), 'configure');
  });
});
