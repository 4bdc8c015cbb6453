import { expect } from 'chai';
import { MemorySource } from '../../src/io/memory-source.js';
import { ask, query, type Reply, send } from '../../src/sdk/contract.js';
import { defineFunction } from '../../src/sdk/define-function.js';
import { FunctionType } from '../../src/sdk/function-type.js';
import { Ingress } from '../../src/sdk/ingress.js';
import { TestApplication } from '../../src/testing/test-application.js';
import { moduleOf, rejection } from './functions-module.js';

const Victim = FunctionType.contract('test/victim', { handle: ask<string, string>(), look: query<string, string>() });
const Asker = FunctionType.contract('test/asker', { begin: send<string>(), answered: send<Reply<string>>() });
const work = Ingress.of<string>('test/work');

/** Whether the process would be dead now: the handler at work never ends, and the test ends the process. */
let isDead = false;

const VictimFn = defineFunction(
  Victim,
  {
    state: () => ({ done: [] as string[] }),
    handlers: {
      handle(ctx, name): string | Promise<string> {
        if (name === 'poison on retry' && ctx.attempt === 1) throw new Error('fails first');
        if (name.startsWith('poison')) {
          isDead = true;
          return new Promise(() => {});
        }
        this.done.push(name);
        return name;
      },
      look: (_ctx, name): string | Promise<string> => {
        if (!name.startsWith('poison')) return name;
        isDead = true;
        return new Promise(() => {});
      },
    },
  },
  { timeout: '1d', retry: { backoff: { initial: 1_000 } } },
);

const AskerFn = defineFunction(Asker, {
  state: () => ({ answers: [] as string[] }),
  handlers: {
    begin: (ctx, name) => ctx.ask(Victim.at(name), { timeout: '1d' }).handle(name, ctx.replyTo(Asker, 'answered')),
    answered(_ctx, reply) {
      this.answers.push(reply.ok ? reply.value : reply.error.code);
    },
  },
});

const functions = moduleOf(VictimFn, AskerFn);

/** Ends the process and starts it again, as long as what it handles ends it. Time passes as long as the process lives. */
async function restartWhileDying(app: TestApplication): Promise<void> {
  for (let starts = 0; starts < 15; starts += 1) {
    for (let step = 0; step < 30 && !isDead; step += 1) await app.advance(100);
    if (!isDead) return;
    isDead = false;
    await app.crash();
    await app.restart();
  }
}

describe('A message that ends the process each time it is handled', () => {
  for (const poison of ['poison', 'poison on retry']) {
    it(`is found and becomes a dead letter, its asker is told, and others are handled: ${poison}`, async () => {
      await using app = await TestApplication.start({
        modules: [
          {
            configure(config, binder) {
              functions.configure(config, binder);
              binder.bindIngress(work, new MemorySource<string>());
              binder.bindRouter(work, (name, downstream) => downstream.to(Asker.at('a')).begin(name));
            },
          },
        ],
        checkpoints: { interval: '1h' },
      });
      isDead = false;
      app.push(work, 'one', 'two', poison, 'three', 'four', 'five');
      await restartWhileDying(app);
      await app.advance('10s');
      await app.checkpoint();
      expect(app.deadLetters.map(({ code, message }) => [code, message])).to.deep.equal([['SF_POISONED', poison]]);
      for (const name of ['one', 'two', 'three', 'four', 'five'])
        expect(await app.state(Victim.at(name))).to.deep.equal({ done: [name] });
      const { answers } = await app.state(Asker.at('a'));
      expect(answers).to.have.members(['one', 'two', 'three', 'four', 'five', 'SF_POISONED']);
    });
  }

  it('is found and becomes a dead letter also when it is a query', async () => {
    await using app = await TestApplication.start({ modules: [functions], checkpoints: { interval: '1h' } });
    isDead = false;
    expect(await rejection(app.client.query(Victim.at('v')).look('poison'))).to.have.property('code', 'SF_ASK_TIMEOUT');
    await app.checkpoint(); // It is in flight, as if it had waited.
    await restartWhileDying(app);
    await app.checkpoint();
    expect(app.deadLetters.map(({ code, operation, message }) => [code, operation, message])).to.deep.equal([
      ['SF_POISONED', 'look', 'poison'],
    ]);
    expect(await app.client.query(Victim.at('v')).look('fine')).to.equal('fine');
  });
});
