import { expect } from 'chai';
import { Application } from '../../src/application/application.js';
import { CallError } from '../../src/application/client.js';
import { RemoteClient } from '../../src/application/remote-client.js';
import type { RunningApplication } from '../../src/application/running-application.js';
import { MemoryBlobStore } from '../../src/blob/memory-blob-store.js';
import { MemoryMembership } from '../../src/cluster/memory-membership.js';
import { MemoryNetwork, MemoryTransport } from '../../src/cluster/memory-transport.js';
import { MemoryInbox } from '../../src/io/memory-inbox.js';
import { MemorySink } from '../../src/io/memory-sink.js';
import { silentLogger } from '../../src/ports/logger.js';
import { ask, query, send } from '../../src/sdk/contract.js';
import { type DeadLetter, deadLetters } from '../../src/sdk/dead-letter.js';
import { defineFunction } from '../../src/sdk/define-function.js';
import { FunctionType } from '../../src/sdk/function-type.js';
import type { StatefulFunctionModule } from '../../src/sdk/module.js';
import { VirtualPlatform } from '../../src/testing/virtual-platform.js';
import { rejection } from '../checkpoint/coded.js';

const Tally = FunctionType.contract('test/tally', {
  add: send<number>(),
  addAndGet: ask<number, number>(),
  large: ask<number, string>(),
  trace: ask<void, string>(),
  sum: query<void, number>(),
});
const Plain = FunctionType.of<number>('test/plain');
const TallyFn = defineFunction(Tally, {
  state: () => ({ total: 0 }),
  handlers: {
    add(_ctx, weight) {
      this.total += weight;
    },
    addAndGet(_ctx, weight) {
      this.total += weight;
      return this.total;
    },
    large: (_ctx, length) => 'x'.repeat(length),
    trace: (ctx) => ctx.headers.traceparent ?? 'none',
    sum() {
      return this.total;
    },
  },
});
const PlainFn = defineFunction(Plain, { invoke: (ctx, number) => ctx.to(Tally.at('plain')).add(number) });

describe('RemoteClient', () => {
  let platform: VirtualPlatform;
  let network: MemoryNetwork;
  let inbox: MemoryInbox;
  let letters: MemorySink<DeadLetter>;
  let apps: RunningApplication[];
  let client: RemoteClient;

  beforeEach(async () => {
    platform = new VirtualPlatform();
    network = new MemoryNetwork();
    inbox = new MemoryInbox();
    letters = new MemorySink<DeadLetter>();
    const [membership, store] = [new MemoryMembership(), new MemoryBlobStore()];
    const module: StatefulFunctionModule = {
      configure(_config, binder) {
        binder.bindFunctions(TallyFn, PlainFn);
        binder.bindEgress(deadLetters, letters);
      },
    };
    const node = () =>
      Application.from(module).start({
        platform,
        cluster: { transport: new MemoryTransport(platform.scheduler, network), membership, inbox, minWorkers: 2 },
        checkpoints: { store, interval: 200 },
        logger: silentLogger,
        handleSignals: false,
      });
    apps = await platform.run(Promise.all([node(), node()]));
    client = await RemoteClient.connect({
      platform,
      transport: new MemoryTransport(platform.scheduler, network),
      inbox,
    });
  });

  afterEach(async () => {
    await client.disconnect();
    await platform.run(Promise.all(apps.map((app) => app.stop())));
  });

  it('sends, asks and queries, whichever node has the address', async () => {
    for (let number = 0; number < 10; number += 1) {
      const tally = Tally.at(`tally-${number}`);
      await platform.run(client.to(tally).add(number));
      expect(await platform.run(client.ask(tally).addAndGet(1))).to.equal(number + 1);
      expect(await platform.run(client.query(tally).sum())).to.equal(number + 1);
    }
    await platform.run(client.send(Plain.at('any'), 5));
    await platform.advance(1_000);
    expect(await platform.run(client.query(Tally.at('plain')).sum())).to.equal(5);
  });

  it('makes a call once under one idempotency key', async () => {
    const tally = Tally.at('keyed');
    for (let attempt = 0; attempt < 3; attempt += 1) {
      expect(await platform.run(client.ask(tally, { idempotencyKey: 'key' }).addAndGet(1))).to.equal(1);
    }
  });

  it('asks again when a reply gets lost, if that does no harm', async () => {
    const name = [...network.listeners.keys()].find((endpoint) => endpoint.startsWith('remote/')) as string;
    const listener = network.listeners.get(name) as { receive: (frame: Uint8Array) => void };
    const { receive } = listener;
    let lost = 0;
    listener.receive = (frame) => {
      if (lost >= 2) receive(frame);
      else lost += 1;
    };
    const tally = Tally.at('lost');
    expect(await platform.run(client.ask(tally, { idempotencyKey: 'key' }).addAndGet(1))).to.equal(1);
    expect(lost).to.equal(2);
    lost = 1;
    expect(await platform.run(client.query(tally).sum())).to.equal(1);
    lost = 1;
    const failure = await platform.run(
      client
        .ask(tally, { timeout: '5s' })
        .addAndGet(1)
        .catch((error: unknown) => error),
    );
    expect(failure).to.be.instanceOf(CallError).with.property('code', 'SF_ASK_TIMEOUT');
  });

  it('passes headers on', async () => {
    const headers = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
    expect(await platform.run(client.ask(Tally.at('any'), { headers }).trace())).to.equal(headers.traceparent);
  });

  it('says why a reply cannot come, if it is larger than a frame', async () => {
    const call = client.ask(Tally.at('any')).large(2 * network.maxFrameBytes);
    const failure = await platform.run(call.catch((error: unknown) => error));
    expect(failure).to.be.instanceOf(CallError).with.property('code', 'SF_FRAME_TOO_LARGE');
    expect(await platform.run(client.ask(Tally.at('any')).large(3))).to.equal('xxx');
  });

  it('buries what is no call, and goes on', async () => {
    await inbox.put('0'.repeat(32), new Uint8Array([1, 2, 3]));
    await inbox.put('1'.repeat(32), new Uint8Array([0xc1]));
    await platform.run(client.send(FunctionType.of<number>('test/unknown').at('any'), 1));
    expect(await platform.run(client.ask(Tally.at('any')).addAndGet(1))).to.equal(1);
    await platform.advance(2_000);
    expect(letters.values.map(({ address }) => address)).to.deep.equal(['sf/inbox', 'sf/inbox', 'sf/inbox']);
    expect(letters.values.map(({ code }) => code)).to.include('SF_UNBOUND_FUNCTION');
  });

  it('fails a call whose message the inbox did not take', async () => {
    inbox.put = () => Promise.reject(new Error('the inbox is away'));
    const failure = await client
      .to(Tally.at('any'))
      .add(1)
      .catch((error: unknown) => error);
    expect(failure).to.have.property('message', 'the inbox is away');
  });

  it('takes no calls once disconnected, and ends those under way', async () => {
    const call = rejection('SF_STOPPED', client.ask(Tally.at('any')).addAndGet(1));
    await client.disconnect();
    await call;
    await rejection('SF_STOPPED', client.to(Tally.at('any')).add(1));
  });
});
