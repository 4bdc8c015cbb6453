import { expect } from 'chai';
import { Bindings } from '../../src/application/bindings.js';
import { loadModule } from '../../src/application/module-loader.js';
import { rejection } from '../checkpoint/coded.js';
import { OneModule } from './modules/one.module.js';

const file = (name: string) => new URL(`./modules/${name}.module.js`, import.meta.url);

describe('loadModule', () => {
  it('finds the one module that a file exports', async () => {
    const bindings = Bindings.of([await loadModule(file('one'))], new Map());
    expect(bindings.services.get<string>('module')).to.equal('one');
  });

  it('takes classes and instances as they are', async () => {
    const instance = { configure() {} };
    expect(await loadModule(OneModule)).to.equal(OneModule);
    expect(await loadModule(instance)).to.equal(instance);
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
