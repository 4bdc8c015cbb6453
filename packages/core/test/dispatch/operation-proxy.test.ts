import { expect } from 'chai';
import { operationProxy } from '../../src/dispatch/operation-proxy.js';
import { send } from '../../src/sdk/contract.js';
import { FunctionType } from '../../src/sdk/function-type.js';

describe('An operation proxy', () => {
  it('has operations of any name, also those its own parts might have', () => {
    const contract = FunctionType.contract('test/radio', { emit: send<string>(), to: send<number>(), target: send() });
    const emitted: unknown[] = [];
    const address = contract.at('1');
    const proxy = operationProxy(address, contract.operations, 'send', (to, operation, message) => {
      emitted.push([to, operation, message]);
    }) as { emit(text: string): void; to(number: number): void; target(): void };
    proxy.emit('a');
    proxy.to(1);
    proxy.target();
    expect(emitted).to.deep.equal([
      [address, 'emit', 'a'],
      [address, 'to', 1],
      [address, 'target', undefined],
    ]);
  });
});
