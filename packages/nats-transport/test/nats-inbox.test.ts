import { randomUUID } from 'node:crypto';
import {
  Application,
  ask,
  defineFunction,
  FunctionType,
  MemoryBlobStore,
  nodePlatform,
  query,
  RemoteClient,
  type RunningApplication,
  type StatefulFunctionModule,
  send,
  silentLogger,
} from '@stateful-functions/core';
import { startNats } from '@stateful-functions/servers';
import { expect } from 'chai';
import { connect, NatsCluster } from '../src/index.js';
import { rejects } from './coded.js';
import { Streams } from './streams.js';

const Tally = FunctionType.contract('test/tally', {
  add: send<number>(),
  addAndGet: ask<number, number>(),
  sum: query<void, number>(),
});
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
    sum() {
      return this.total;
    },
  },
});
const module: StatefulFunctionModule = { configure: (_config, binder) => binder.bindFunctions(TallyFn) };

const server = await startNats();
if (server !== undefined) {
  describe('A remote client by NATS', function () {
    this.timeout(60_000);
    const application = `calls-${randomUUID()}`;
    const options = { servers: server.url, application };
    const clusters: NatsCluster[] = [];
    let apps: RunningApplication[];
    let client: RemoteClient;

    before(async () => {
      const store = new MemoryBlobStore();
      const node = async () => {
        const cluster = await NatsCluster.connect(options);
        clusters.push(cluster);
        return Application.from(module).start({
          cluster,
          checkpoints: { store, interval: '100ms' },
          logger: silentLogger,
          handleSignals: false,
        });
      };
      apps = await Promise.all([node(), node()]);
      client = await connect(options);
    });

    after(async () => {
      await client.disconnect();
      await Promise.all(apps.map((app) => app.stop()));
      await Promise.all(clusters.map((cluster) => cluster.close()));
      await server[Symbol.asyncDispose]();
    });

    it('sends, asks and queries, whatever the ids', async () => {
      const ids = ['a', 'a.b.>', '*', 'a b', '\u{1f642}', '__proto__', '..', 'x'.repeat(1_000), '\u0000'];
      for (const id of ids) {
        const tally = Tally.at(id);
        await client.to(tally).add(1);
        expect(await client.ask(tally).addAndGet(2)).to.equal(3);
        expect(await client.query(tally).sum()).to.equal(3);
      }
    });

    it('leaves nothing in the inbox that a checkpoint holds', async () => {
      await client.ask(Tally.at('last')).addAndGet(1);
      const streams = await Streams.on(server);
      const messages = async () => (await streams.manager.streams.info(`sf_${application}_calls`)).state.messages;
      while ((await messages()) > 0) await new Promise((resolve) => setTimeout(resolve, 50));
      await streams.nats.close();
    });

    it('makes a call once that is put twice', async () => {
      const cluster = clusters[0] as NatsCluster;
      const tally = Tally.at('twice');
      const { put } = cluster.inbox;
      const twice = {
        source: cluster.inbox.source,
        put: async (id: string, record: Uint8Array) => {
          await put.call(cluster.inbox, id, record);
          await put.call(cluster.inbox, id, record);
        },
      };
      const doubled = await RemoteClient.connect({
        platform: nodePlatform(),
        transport: cluster.transport,
        inbox: twice,
      });
      await doubled.to(tally).add(1);
      expect(await client.query(tally).sum()).to.equal(1);
      await doubled.disconnect();
    });

    it('goes on while the server is killed and started again', async () => {
      const tally = Tally.at('restart');
      const sent: Promise<void>[] = [];
      for (let number = 0; number < 20; number += 1) {
        sent.push(client.to(tally).add(1));
        if (number === 10) {
          await server.kill();
          await server.restart();
        }
      }
      await Promise.all(sent);
      expect(await client.ask(tally, { idempotencyKey: 'restart' }).addAndGet(1)).to.equal(21);
    });

    it('refuses a call that is larger than a message may be', async () => {
      const large = FunctionType.of<string>('test/large').at('any');
      await rejects(client.send(large, 'x'.repeat(2 * 1024 * 1024)), 'SF_FRAME_TOO_LARGE');
    });

    it('refuses a stream that is no inbox', async () => {
      const streams = await Streams.on(server);
      const other = `other-${randomUUID()}`;
      await streams.manager.streams.add({ name: `sf_${other}_calls`, subjects: [`sf.${other}.calls`] });
      await rejects(connect({ servers: server.url, application: other }), 'SF_INCOMPATIBLE');
      await streams.nats.close();
    });
  });
}
