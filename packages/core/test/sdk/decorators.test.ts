import { expect } from 'chai';
import { send } from '../../src/sdk/contract.js';
import { defineFunction } from '../../src/sdk/define-function.js';
import { FunctionType } from '../../src/sdk/function-type.js';
import { Ingress } from '../../src/sdk/ingress.js';
import { Module } from '../../src/sdk/module.js';
import { Persisted } from '../../src/sdk/persisted.js';
import { fieldSpecsOf, functionSpecOf, isModuleClass, routedIngresses } from '../../src/sdk/registry.js';
import { Route } from '../../src/sdk/route.js';
import { StatefulFunction } from '../../src/sdk/stateful-function.js';
import { refuses } from './refuses.js';

const Counter = FunctionType.of<number>('test/counter');
const Door = FunctionType.contract('test/door', { open: send(), close: send() });

/** A context as standard decorators get it. */
const standard = (kind: string) => ({ kind, name: 'x', addInitializer() {} }) as never;

describe('Persisted', () => {
  class Parent {
    @Persisted() a = 1;
    @Persisted({ name: 'bee' }) b = 2;
    cache = 3;
  }

  it('registers fields in the order of their declaration, and nothing else', () => {
    const specs = fieldSpecsOf(Parent.prototype);
    expect(specs.map(({ property, name }) => [property, name])).to.deep.equal([
      ['a', 'a'],
      ['b', 'bee'],
    ]);
    expect(Object.keys(new Parent())).to.deep.equal(['a', 'b', 'cache']);
  });

  it('inherits fields, which a subclass may declare again without changing its parent', () => {
    class Child extends Parent {
      @Persisted({ version: 2 }) override a = 5;
      @Persisted() c = 6;
    }
    expect(fieldSpecsOf(Child.prototype).map(({ property }) => property)).to.deep.equal(['a', 'b', 'c']);
    expect(fieldSpecsOf(Child.prototype)[0]?.options.version).to.equal(2);
    expect(fieldSpecsOf(Parent.prototype)).to.have.length(2);
    expect(fieldSpecsOf(Parent.prototype)[0]?.options.version).to.equal(undefined);
  });

  it('says how it is meant where it is misused', () => {
    const descriptor = Object.getOwnPropertyDescriptor(Array.prototype, 'map');
    const bare = Persisted as unknown as (target: object | undefined, key: unknown) => void;
    const decorate = Persisted() as (target: object, key: string | symbol, descriptor?: PropertyDescriptor) => void;
    refuses('SF_DECORATOR', () => bare({}, 'seen'), 'seen', '@Persisted()');
    refuses('SF_DECORATOR', () => bare(undefined, standard('field')), 'experimentalDecorators');
    refuses('SF_DECORATOR', () => decorate(undefined as never, standard('field')), 'experimentalDecorators');
    refuses('SF_DECORATOR', () => decorate(class {}, 'seen'), 'seen', 'static');
    refuses('SF_DECORATOR', () => decorate({}, 'seen', descriptor), 'seen', 'method');
    refuses('SF_INVALID_STATE_FIELD', () => decorate({}, Symbol('seen')), 'seen');
    refuses('SF_INVALID_STATE_FIELD', () => Persisted({ name: '' })({}, 'seen'), 'seen');
    refuses('SF_INVALID_STATE_FIELD', () => Persisted({ name: '\ud800' })({}, 'seen'), 'seen');
    refuses('SF_INVALID_STATE_FIELD', () => Persisted({ version: 0.5 })({}, 'seen'), 'seen', '0.5');
  });
});

describe('class decorators', () => {
  it('mark a class and leave it as it is; a subclass is unmarked', () => {
    const [a, b] = [Ingress.of<number>('test/a'), Ingress.of<number>('test/b')];
    @StatefulFunction(Counter, { timeout: '1s' })
    class CounterFn {
      invoke(): void {}
    }
    @Route(a)
    @Route(b)
    class Both {
      route(): void {}
    }
    @Module()
    class Empty {
      configure(): void {}
    }
    expect(functionSpecOf(CounterFn)?.type.name).to.equal('test/counter');
    expect(functionSpecOf(CounterFn)?.options).to.deep.equal({ timeout: '1s' });
    expect(functionSpecOf(class extends CounterFn {})).to.equal(undefined);
    expect(routedIngresses(Both)).to.have.members([a, b]);
    expect(isModuleClass(Empty)).to.equal(true);
    expect(isModuleClass(class extends Empty {})).to.equal(false);
    expect(isModuleClass(new Empty())).to.equal(false);
  });

  it('refuse a second function, and standard decorators', () => {
    class Twice {
      invoke(): void {}
      open(): void {}
      close(): void {}
      route(): void {}
      configure(): void {}
    }
    StatefulFunction(Counter)(Twice);
    refuses('SF_DUPLICATE_BINDING', () => StatefulFunction(Door)(Twice), 'test/counter', 'test/door');
    for (const decorator of [StatefulFunction(Counter), Route(Ingress.of('test/a')), Module()]) {
      const decorate = decorator as (target: object, context: unknown) => void;
      refuses('SF_DECORATOR', () => decorate(Twice, standard('class')), 'emitDecoratorMetadata');
    }
  });
});

describe('defineFunction', () => {
  it('makes a class whose state is persisted, fresh for each instance', () => {
    const CounterFn = defineFunction(
      Counter,
      {
        state: () => ({ sum: 0, log: [] as number[] }),
        persisted: { log: { name: 'journal' } },
        invoke(_ctx, step) {
          this.sum += step;
          this.log.push(step);
        },
      },
      { timeout: '1s' },
    );
    const [one, other] = [new CounterFn(), new CounterFn()];
    one.invoke(undefined as never, 3);
    expect([one.sum, one.log, other.sum, other.log]).to.deep.equal([3, [3], 0, []]);
    expect(Object.keys(one)).to.deep.equal(['sum', 'log']);
    expect(fieldSpecsOf(CounterFn.prototype).map(({ name }) => name)).to.deep.equal(['sum', 'journal']);
    expect(functionSpecOf(CounterFn)).to.deep.include({ operations: undefined, options: { timeout: '1s' } });
  });

  it('implements contracts, whose handlers call each other', () => {
    const DoorFn = defineFunction(Door, {
      state: () => ({ isOpen: false }),
      handlers: {
        open(ctx) {
          this.close(ctx, undefined);
          this.isOpen = true;
        },
        close() {
          this.isOpen = false;
        },
      },
    });
    const door = new DoorFn();
    door.open(undefined as never, undefined);
    expect(door.isOpen).to.equal(true);
    expect(Object.keys(functionSpecOf(DoorFn)?.operations ?? {})).to.deep.equal(['open', 'close']);
  });

  it('refuses a state with the name of a handler', () => {
    const define = () => defineFunction(Door, { state: () => ({ open: 1 }), handlers: { open() {}, close() {} } });
    refuses('SF_INVALID_STATE_FIELD', define, 'test/door', 'open');
  });
});

describe('FunctionType.contract', () => {
  it('refuses operations that every object or promise has', () => {
    for (const name of ['then', 'constructor', 'toString']) {
      refuses('SF_INVALID_NAME', () => FunctionType.contract('test/odd', { [name]: send() }), name);
    }
  });
});
