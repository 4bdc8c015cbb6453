import type { StandardSchemaV1 } from '@standard-schema/spec';
import { expect } from 'chai';
import { ask, type Reply, send } from '../../src/sdk/contract.js';
import { defineFunction } from '../../src/sdk/define-function.js';
import { FunctionType } from '../../src/sdk/function-type.js';
import type { ReplyHandle } from '../../src/sdk/reply.js';
import { TestApplication } from '../../src/testing/test-application.js';
import { moduleOf, rejection } from './functions-module.js';

type How = 'now' | 'later' | 'never' | 'throw' | 'fail';

const Asker = FunctionType.contract('test/asker', {
  begin: send<How>(),
  answered: send<Reply<string>>(),
});
const Answerer = FunctionType.contract('test/answerer', {
  question: ask<How, string>(),
  answerKept: send<string>(),
});

const AskerFn = defineFunction(Asker, {
  state: () => ({ answers: [] as string[] }),
  handlers: {
    begin(ctx, how) {
      ctx.ask(Answerer.at('x'), { timeout: '10s' }).question(how, ctx.replyTo(Asker, 'answered'));
    },
    answered(ctx, reply) {
      this.answers.push(`${reply.ok ? reply.value : reply.error.code} from ${ctx.caller}`);
    },
  },
});

const AnswererFn = defineFunction(
  Answerer,
  {
    state: () => ({ kept: undefined as ReplyHandle<string> | undefined, asked: 0 }),
    handlers: {
      question(ctx, how): string | ReplyHandle<string> {
        this.asked += 1;
        if (how === 'throw') throw new Error('cannot answer');
        if (how === 'now') return 'at once';
        const handle = ctx.replyHandle<string>();
        if (how === 'fail') ctx.fail(handle as ReplyHandle<never>, { code: 'NO', message: 'will not answer' });
        if (how === 'later') this.kept = handle;
        return handle;
      },
      answerKept(ctx, value) {
        if (this.kept !== undefined) ctx.reply(this.kept, value);
      },
    },
  },
  { retry: { maxAttempts: 2, backoff: { initial: 10 } } },
);

const answers = async (app: TestApplication) => (await app.state(Asker.at('a'))).answers as string[];

for (const restarts of [false, true]) {
  describe(`An ask${restarts ? ', with a crash after each checkpoint' : ''}`, () => {
    let app: TestApplication;
    const pass = async () => {
      await app.checkpoint();
      if (!restarts) return;
      await app.crash();
      await app.restart();
      await app.settle();
    };
    const begin = async (how: How) => {
      await app.client.to(Asker.at('a')).begin(how);
      await pass();
    };

    beforeEach(async () => {
      app = await TestApplication.start({ modules: [moduleOf(AskerFn, AnswererFn)] });
    });
    afterEach(() => app.stop());

    it('is answered by what the handler returns, and does not time out then', async () => {
      await begin('now');
      await app.advance('1m');
      expect(await answers(app)).to.deep.equal(['at once from test/answerer/x']);
    });

    it('is answered late through the handle; the second answer is dropped', async () => {
      await begin('later');
      expect(await answers(app)).to.deep.equal([]);
      await app.advance('5s');
      await app.client.to(Answerer.at('x')).answerKept('first');
      await pass();
      await app.client.to(Answerer.at('x')).answerKept('second');
      await pass();
      await app.advance('1m');
      expect(await answers(app)).to.deep.equal(['first from test/answerer/x']);
    });

    it('times out, once, not early; a later answer is dropped', async () => {
      await begin('later');
      await app.advance('9900ms');
      expect(await answers(app)).to.deep.equal([]);
      await app.advance('200ms');
      await pass();
      await app.client.to(Answerer.at('x')).answerKept('too late');
      await pass();
      await app.advance('1m');
      expect(await answers(app)).to.deep.equal(['SF_ASK_TIMEOUT from test/answerer/x']);
    });

    it('learns at once that the asked handler has failed for good', async () => {
      await begin('throw');
      await app.advance('1s');
      await pass();
      expect(await answers(app)).to.deep.equal(['SF_HANDLER_FAILED from test/answerer/x']);
      await app.advance('1m');
      expect(await answers(app)).to.have.length(1);
      expect(app.deadLetters).to.have.length(1);
    });

    it('can be refused', async () => {
      await begin('fail');
      await app.advance('1m');
      expect(await answers(app)).to.deep.equal(['NO from test/answerer/x']);
    });
  });
}

describe('A client that asks', () => {
  it('is told what the handler failed with, when it is a dead letter', async () => {
    await using app = await TestApplication.start({ modules: [moduleOf(AskerFn, AnswererFn)] });
    const error = await rejection(app.client.ask(Answerer.at('x')).question('throw'));
    expect(error).to.include({ code: 'SF_HANDLER_FAILED', message: 'cannot answer' });
    expect(app.deadLetters).to.have.length(1);
  });

  it('with an idempotency key gets the same reply for a repeat, across a crash, and there is one effect', async () => {
    await using app = await TestApplication.start({ modules: [moduleOf(AskerFn, AnswererFn)] });
    const once = { idempotencyKey: 'k1' };
    const call = () => app.client.ask(Answerer.at('x'), once).question('now');
    expect(await Promise.all([call(), call()])).to.deep.equal(['at once', 'at once']);
    await app.crash();
    await app.restart();
    expect(await call()).to.equal('at once');
    expect(await app.state(Answerer.at('x'))).to.deep.include({ asked: 1 });
    for (let i = 0; i < 3; i += 1) await app.client.to(Asker.at('a'), { idempotencyKey: 'k2' }).begin('now');
    await app.advance('1s');
    expect(await answers(app)).to.have.length(1);
    await app.advance('25h');
    expect(await call()).to.equal('at once');
    expect(await app.state(Answerer.at('x'))).to.deep.include({ asked: 3 });
  });

  it('with an idempotency key waits, when it repeats, for the answer the first one waits for', async () => {
    await using app = await TestApplication.start({ modules: [moduleOf(AskerFn, AnswererFn)] });
    const options = { idempotencyKey: 'k' };
    const calls = [1, 2].map(() => app.client.ask(Answerer.at('x'), options).question('fail'));
    for (const call of calls) expect(await rejection(call)).to.include({ code: 'NO' });
    expect(await app.state(Answerer.at('x'))).to.deep.include({ asked: 1 });
  });
});

/** Takes a text of digits, and yields their number. */
const Digits: StandardSchemaV1<string, number> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) =>
      typeof value === 'string' && /^[0-9]+$/.test(value)
        ? { value: Number(value) }
        : { issues: [{ message: 'no text of digits' }] },
  },
};

const Sum = FunctionType.contract('test/sum', { add: send(Digits), plus: ask(Digits, Digits) });
const SumFn = defineFunction(Sum, {
  state: () => ({ sum: 0 }),
  handlers: {
    add(_ctx, number) {
      this.sum += number;
    },
    plus(_ctx, number) {
      this.sum += number;
      return this.sum;
    },
  },
});
const Plain = FunctionType.of('test/plain', Digits);
const PlainFn = defineFunction(Plain, {
  state: () => ({ last: 0 }),
  invoke(_ctx, number: number) {
    this.last = number;
  },
});

describe('A call with an idempotency key', () => {
  it('applies the schema of a message once', async () => {
    await using app = await TestApplication.start({ modules: [moduleOf(SumFn, PlainFn)] });
    await app.client.to(Sum.at('s'), { idempotencyKey: 'k1' }).add('3');
    expect(await app.client.ask(Sum.at('s'), { idempotencyKey: 'k2' }).plus('4')).to.equal(7);
    await app.client.send(Plain.at('p'), '5', { idempotencyKey: 'k3' });
    await app.advance('1s');
    expect(await app.state(Plain.at('p'))).to.deep.equal({ last: 5 });
  });
});

describe('A client that knows a function by its names', () => {
  it('calls its operations, each as what it is', async () => {
    await using app = await TestApplication.start({ modules: [moduleOf(SumFn, PlainFn)] });
    const { client } = app;
    expect(await client.call('test/sum', 's', 'add', '3')).to.equal(undefined);
    expect(await client.call('test/sum', 's', 'plus', '4')).to.equal(7);
    expect(await client.call('test/plain', 'p', undefined, '5')).to.equal(undefined);
    expect(await app.state(Plain.at('p'))).to.deep.equal({ last: 5 });
  });

  it('is refused what there is not, or does not match', async () => {
    await using app = await TestApplication.start({ modules: [moduleOf(SumFn, PlainFn)] });
    const cases = [
      ['SF_UNBOUND_FUNCTION', 'test/none', undefined],
      ['SF_UNKNOWN_OPERATION', 'test/sum', undefined],
      ['SF_UNKNOWN_OPERATION', 'test/sum', 'toString'],
      ['SF_UNKNOWN_OPERATION', 'test/plain', 'add'],
      ['SF_SCHEMA', 'test/sum', 'add'],
      ['SF_SCHEMA', 'test/plain', undefined],
    ] as const;
    for (const [code, type, operation] of cases)
      expect(await rejection(app.client.call(type, 'x', operation, 'no digits'))).to.include({ code });
    expect(await rejection(app.client.call('test/sum', '', 'add', '1'))).to.include({ code: 'SF_INVALID_ID' });
  });
});
