import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FunctionHarness, TestApplication } from '@stateful-functions/core/testing';
import { CounterFn } from '../src/counter.fn.js';
import { Counter } from '../src/counter.js';
import { CounterModule } from '../src/counter.module.js';

describe('A counter', () => {
  it('counts', async () => {
    const counter = FunctionHarness.of(CounterFn);
    assert.equal(await counter.call('increment'), 1);
    assert.equal(await counter.call('increment'), 2);
    assert.equal(await counter.call('value'), 2);
    assert.deepEqual(counter.state, { count: 2 });
  });

  it('goes on from where it was after a crash, beside others', async () => {
    await using app = await TestApplication.start({ modules: [CounterModule] });
    await app.client.ask(Counter.at('ada')).increment();
    await app.client.ask(Counter.at('bob')).increment();
    await app.crash();
    await app.restart();
    assert.equal(await app.client.ask(Counter.at('ada')).increment(), 2);
    assert.equal(await app.client.query(Counter.at('bob')).value(), 1);
  });
});
