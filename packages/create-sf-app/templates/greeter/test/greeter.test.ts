import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FunctionHarness, TestApplication } from '@stateful-functions/core/testing';
import { GreeterFn } from '../src/greeter.fn.js';
import { EmailSender, emails, greetings } from '../src/greeter.js';
import { GreeterModule } from '../src/greeter.module.js';

const ada = { userId: 'u1', name: 'Ada', email: 'ada@example.com' };

describe('The greeter', () => {
  it('has a greeting sent that knows how often somebody came', async () => {
    const greeter = FunctionHarness.of(GreeterFn);
    await greeter.invoke(ada);
    await greeter.invoke(ada);
    assert.deepEqual(greeter.state, { seen: 2 });
    assert.deepEqual(
      greeter.sends.map(({ to, message }) => ({ to, message })),
      [
        { to: EmailSender.at(ada.email), message: { to: ada.email, text: 'Welcome, Ada!' } },
        { to: EmailSender.at(ada.email), message: { to: ada.email, text: 'Nice to see you for the 2nd time, Ada!' } },
      ],
    );
  });

  it('sends each email once, also when it crashes in between', async () => {
    await using app = await TestApplication.start({ modules: [GreeterModule] });
    app.push(greetings, ada, { ...ada, userId: 'u2', name: 'Bob' });
    await app.settle();
    await app.crash();
    await app.restart();
    await app.checkpoint();
    assert.deepEqual(app.egress(emails), [
      { to: ada.email, text: 'Welcome, Ada!', number: 1 },
      { to: ada.email, text: 'Welcome, Bob!', number: 2 },
    ]);
  });
});
