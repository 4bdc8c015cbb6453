import { expect } from 'chai';
import { Bindings } from '../../src/application/bindings.js';
import { loadModule } from '../../src/application/module-loader.js';
import { Module, type StatefulFunctionModule } from '../../src/sdk/module.js';
import { Inject } from '../../src/sdk/service.js';
import { rejection } from '../checkpoint/coded.js';
import { refuses } from '../sdk/refuses.js';

const file = (name: string) => new URL(`./modules/${name}.module.js`, import.meta.url);

describe('loadModule', () => {
  it('finds the one module that a file exports', async () => {
    const bindings = Bindings.of([await loadModule(file('one'))], new Map());
    expect(bindings.services.get<string>('module')).to.equal('one');
  });

  it('takes an instance as it is, and makes a class anew each time it is configured, its parameters injected', async () => {
    const made: string[] = [];
    @Module()
    class Injected {
      constructor(@Inject('name') readonly name: string) {}
      configure(): void {
        made.push(this.name);
      }
    }
    const names: StatefulFunctionModule = {
      configure: (config, binder) => binder.bindService('name', config.get('name') ?? ''),
    };
    expect(await loadModule(names)).to.equal(names);
    const loaded = [names, await loadModule(Injected)];
    Bindings.of(loaded, new Map([['name', 'first']]));
    Bindings.of(loaded, new Map([['name', 'second']]));
    expect(made).to.deep.equal(['first', 'second']);
  });

  it('leaves it to be found that a class configures asynchronously', async () => {
    @Module()
    class Slow {
      async configure(): Promise<void> {}
    }
    const loaded = await loadModule(Slow);
    refuses('SF_INVALID_MODULE', () => Bindings.of([loaded], new Map()), 'asynchronous');
  });

  it('refuses a file with no module, with two, and one that fails', async () => {
    expect((await rejection('SF_INVALID_MODULE', loadModule(file('none')))).message).to.include('no class');
    expect((await rejection('SF_INVALID_MODULE', loadModule(file('two')))).message).to.include('2 classes');
    const failed = await rejection('SF_INVALID_MODULE', loadModule(file('failing')));
    expect(failed.message).to.include('no such luck');
    expect(failed.cause).to.be.instanceOf(Error);
    await rejection('SF_INVALID_MODULE', loadModule(file('missing')));
  });

  it('lets the error of a decorator through', async () => {
    await rejection('SF_INVALID_STATE_FIELD', loadModule(file('misdecorated')));
  });

  it('refuses a class that is not marked', async () => {
    class Unmarked {
      configure(): void {}
    }
    await rejection('SF_NOT_DECORATED', loadModule(Unmarked));
  });
});
