import { expect } from 'chai';
import fc from 'fast-check';
import { copyValue } from '../../src/codec/data-model.js';
import { Envelope, noHeaders } from '../../src/dispatch/envelope.js';
import type { FunctionHost } from '../../src/dispatch/function-host.js';
import type { AnyAddress } from '../../src/sdk/address.js';
import { StatefulFunctionsError } from '../../src/sdk/errors.js';
import { FunctionType } from '../../src/sdk/function-type.js';
import { CancellationToken, ReplyHandle, type ReplyTarget } from '../../src/sdk/reply.js';
import type { ChannelItem } from '../../src/worker/channel-item.js';
import { MessageDecoder, MessageEncoder } from '../../src/worker/message-codec.js';
import { knownHost, storeMessage } from '../../src/worker/message-form.js';
import { modelValue, sameValue } from '../codec/model-values.js';
import { refuses } from '../sdk/refuses.js';

const hosts = new Map<string, FunctionHost>();

/** A stand-in for each function, all that a codec needs of one. */
function hostOf(name: string): FunctionHost {
  if (name === 'un/bound') throw new StatefulFunctionsError('SF_UNBOUND_FUNCTION', 'nobody binds it');
  const host = hosts.get(name) ?? ({ name } as unknown as FunctionHost);
  hosts.set(name, host);
  return host;
}

const name = fc.constantFrom('ride/driver', 'ride/passenger', 'a/b', 'c/d');
const id = fc.oneof(fc.string({ minLength: 1, maxLength: 80 }), fc.constantFrom('ä', '😀', 'x'.repeat(10_000)));
const address: fc.Arbitrary<AnyAddress> = fc
  .tuple(name, id, fc.boolean())
  .map(([type, key, isContract]) =>
    isContract ? FunctionType.contract(type as 'a/b', {}).at(key) : FunctionType.of<never>(type as 'a/b').at(key),
  );
const token = fc.tuple(fc.string(), fc.nat(), address).map((of) => new CancellationToken(...of));
const reply: fc.Arbitrary<ReplyTarget> = fc.oneof(
  fc
    .tuple(address, fc.string(), token)
    .map(([to, operation, timeout]) => ({ kind: 'function' as const, address: to, operation, timeout })),
  fc
    .tuple(fc.string(), fc.nat(), fc.constantFrom('committed' as const, 'processed' as const), fc.boolean())
    .map(([client, call, consistency, query]) => ({ kind: 'client' as const, client, call, consistency, query })),
);
const headers = fc.oneof(fc.constant(noHeaders), fc.dictionary(fc.string(), fc.string(), { noNullPrototype: true }));
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const lane = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });

const message = fc
  .tuple(address, modelValue, maybe(fc.constantFrom('offer', 'finish')), maybe(address), headers, maybe(reply))
  .chain(([target, value, operation, caller, withHeaders, replyTo]) =>
    fc
      .record({ lanes: fc.array(lane, { minLength: 4, maxLength: 4 }), settles: maybe(token), fresh: fc.boolean() })
      .map(({ lanes: [a = 0, b = 0, c = 0, d = 0], settles, fresh }) => {
        const host = hostOf(target.type.name);
        const made = new Envelope(host, target, copyValue(value), operation, caller, withHeaders, replyTo);
        [made.idA, made.idB, made.idC, made.idD] = [a, b, c, d];
        made.settles = settles;
        if (!fresh) [made.attempt, made.retryAtMs, made.settled] = [3, 1_700_000_000_000, true];
        return made;
      }),
  );
const record = fc
  .tuple(name, modelValue, headers)
  .map(([egress, value, withHeaders]): ChannelItem => ['record', egress, copyValue(value), withHeaders]);
const answer = fc
  .tuple(reply, modelValue)
  .map(([target, value]): ChannelItem => ['reply', new ReplyHandle(target), { ok: true, value: copyValue(value) }]);
const item: fc.Arbitrary<ChannelItem> = fc.oneof({ weight: 5, arbitrary: message }, record, answer);

/** An item as a value of the data model. */
function storedForm(item: ChannelItem): unknown {
  return item instanceof Envelope ? storeMessage(item) : item;
}

function encodingOf(items: readonly ChannelItem[]): Uint8Array {
  encoder.clear();
  for (const each of items) encoder.add(each);
  expect(encoder.bytes).to.have.length(encoder.length);
  return new Uint8Array(encoder.bytes);
}

const encoder = new MessageEncoder();
const decoder = new MessageDecoder((typeName) => knownHost(typeName, hostOf));

describe('An encoding of what is in flight', () => {
  it('gives back what was encoded: messages with all that they have, records, replies', () => {
    fc.assert(
      fc.property(fc.array(item, { minLength: 1, maxLength: 12 }), (items) => {
        const back = decoder.decode(encodingOf(items));
        expect(back).to.have.length(items.length);
        for (const [at, each] of items.entries()) {
          const found = back[at] as ChannelItem;
          // As addresses arrive, without what only the sender knows of their type.
          expect(sameValue(copyValue(storedForm(found)), copyValue(storedForm(each)))).to.equal(true);
          if (each instanceof Envelope) expect((found as Envelope).host).to.equal(each.host);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('has a name once, however many messages bear it', () => {
    const target = FunctionType.of<number>('a-rather-long-namespace/with-a-rather-long-name').at('1');
    const host = hostOf(target.type.name);
    const items = Array.from(
      { length: 100 },
      (_, n) => new Envelope(host, target, n, 'op', target, noHeaders, undefined),
    );
    expect(encodingOf(items).length).to.be.below(items.length * 32);
  });

  it('gives messages without headers the headers that cost nothing', () => {
    const target = FunctionType.of<number>('a/b').at('1');
    const sent = new Envelope(hostOf('a/b'), target, 1, undefined, undefined, noHeaders, undefined);
    const [message, other] = decoder.decode(encodingOf([sent, ['record', 'a/b', 1, noHeaders]])) as unknown as [
      Envelope,
      unknown[],
    ];
    expect(message.headers).to.equal(noHeaders);
    expect(other[3]).to.equal(noHeaders);
  });

  it('refuses a message for a function that nobody binds here, though it may come from one', () => {
    const unbound = FunctionType.of<number>('un/bound').at('1');
    const bound = FunctionType.of<number>('a/b').at('1');
    const make = (to: AnyAddress, from: AnyAddress) =>
      new Envelope(hostOf('a/b'), to, 1, undefined, from, noHeaders, undefined);
    const [message] = decoder.decode(encodingOf([make(bound, unbound)])) as [Envelope];
    expect(String(message.caller)).to.equal('un/bound/1');
    refuses('SF_REMOVED_FUNCTION', () => decoder.decode(encodingOf([make(unbound, bound)])), 'un/bound');
  });

  it('leaves out messages for which there is to be no host', () => {
    const make = (type: 'a/b' | 'c/d', id: string) =>
      new Envelope(hostOf(type), FunctionType.of<string>(type).at(id), id, undefined, undefined, noHeaders, undefined);
    const encoding = encodingOf([
      make('a/b', '1'),
      make('c/d', '2'),
      make('a/b', '3'),
      ['record', 'e/f', 4, noHeaders],
    ]);
    const asked: string[] = [];
    const choosing = new MessageDecoder((typeName) => {
      asked.push(typeName);
      return typeName === 'c/d' ? undefined : hostOf(typeName);
    });
    const left = choosing.decode(encoding).map((each) => (each instanceof Envelope ? each.message : each[2]));
    expect(left).to.deep.equal(['1', '3', 4]);
    expect(asked).to.deep.equal(['a/b', 'c/d']);
  });

  it('is what it was: checkpoints hold it', () => {
    const address = FunctionType.of<unknown>('a/b').at('id');
    const sent = new Envelope(hostOf('a/b'), address, { key: ['text', 1_000] }, 'op', address, noHeaders, undefined);
    [sent.idA, sent.idB, sent.idC, sent.idD] = [1, 2, 3, -4];
    const encoding = encodingOf([sent, ['record', 'c/d', 0.5, noHeaders]]);
    expect(Buffer.from(encoding).toString('hex')).to.equal(
      '00038603612f6286026964000000010000000200000003fffffffc008602696486026f708a0186036b6579880000000286047465787484000003e8018603632f6481853fe0000000000000',
    );
  });

  it('refuses what was cut off', () => {
    const target = FunctionType.of<number>('a/b').at('1');
    const whole = encodingOf([new Envelope(hostOf('a/b'), target, 'text', undefined, target, noHeaders, undefined)]);
    for (let length = 0; length < whole.length; length += 1) {
      const cut = whole.slice(0, length);
      expect(() => decoder.decode(cut), `${length} bytes`).to.throw(StatefulFunctionsError);
    }
  });
});
