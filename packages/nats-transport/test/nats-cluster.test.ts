import { randomUUID } from 'node:crypto';
import { membershipConformance, transportConformance } from '@stateful-functions/core/testing';
import { startNats } from '@stateful-functions/servers';
import { expect } from 'chai';
import { NatsCluster, type NatsClusterOptions } from '../src/index.js';
import { rejects } from './coded.js';
import { RecordingLogger } from './recording-logger.js';
import { until } from './until.js';

const server = await startNats();
if (server !== undefined) {
  const connect = (options: Partial<NatsClusterOptions> = {}) =>
    NatsCluster.connect({ servers: server.url, application: randomUUID(), ...options });

  /** Two nodes of one application. */
  const two = async (options: Partial<NatsClusterOptions> = {}) => {
    const application = options.application ?? randomUUID();
    const [here, there] = [await connect({ ...options, application }), await connect({ ...options, application })];
    return { here, there, cleanup: async () => void (await Promise.all([here.close(), there.close()])) };
  };

  describe('NatsCluster', () => {
    after(() => server[Symbol.asyncDispose]());

    transportConformance('NatsTransport', async () => {
      const { here, there, cleanup } = await two();
      return { here: here.transport, there: there.transport, cleanup };
    });

    membershipConformance('NatsMembership', async () => {
      const { here, there, cleanup } = await two();
      return { membership: here.membership, other: there.membership, cleanup };
    });

    it('keeps applications apart that share a server', async () => {
      const [one, other] = [await connect({ application: 'a' }), await connect({ application: 'a-b' })];
      const [toOne, toOther]: string[][] = [[], []];
      await one.transport.listen('node', (frame) => toOne?.push(textOf(frame)));
      await other.transport.listen('node', (frame) => toOther?.push(textOf(frame)));
      one.transport.send('node', bytesOf('for one'));
      other.transport.send('node', bytesOf('for the other'));
      await until(() => toOne?.length === 1 && toOther?.length === 1);
      expect([toOne, toOther]).to.deep.equal([['for one'], ['for the other']]);
      expect(await one.membership.write('leader', bytesOf('one'), 0)).to.be.a('number');
      expect(await other.membership.list('')).to.deep.equal([]);
      await Promise.all([one.close(), other.close()]);
    });

    it('refuses an application whose name would reach into another', async () => {
      for (const application of ['', 'a.b', 'a.>', '*', '>', 'a b', 'a\r\nPUB x 1', 'ä', 'x'.repeat(65)]) {
        await rejects(connect({ application }), 'SF_INVALID_OPTION');
      }
    });

    it('refuses endpoints that are no well-formed text of 1 to 100 units', async () => {
      const cluster = await connect();
      const { transport } = cluster;
      for (const endpoint of ['', 'x'.repeat(101), '\ud83d']) {
        await rejects(
          transport.listen(endpoint, () => {}),
          'SF_INVALID_NAME',
        );
        expect(() => transport.send(endpoint, bytesOf(''))).to.throw('SF_INVALID_NAME');
      }
      await cluster.close();
    });

    it('goes on after the server was killed and restarted, with the rows it had', async () => {
      const logger = new RecordingLogger();
      const { here, there, cleanup } = await two({ logger });
      const revision = await here.membership.write('leader', bytesOf('me'), 0);
      let arrived = '';
      await there.transport.listen('there', (frame) => {
        arrived = textOf(frame);
      });
      await until(
        () => arrived === 'before',
        () => here.transport.send('there', bytesOf('before')),
      );
      await server.kill();
      await until(() => logger.has('disconnected from NATS'));
      // Such frames are lost, and do not come late.
      for (let n = 0; n < 100; n++) here.transport.send('there', bytesOf('meanwhile'));
      await rejects(here.membership.read('leader'), 'SF_UNREACHABLE');
      const listening = here.transport.listen('here', (frame) => {
        arrived = textOf(frame);
      });
      await server.restart();
      await until(
        () => arrived === 'after',
        () => here.transport.send('there', bytesOf('after')),
      );
      await listening;
      await until(
        () => arrived === 'back',
        () => there.transport.send('here', bytesOf('back')),
      );
      expect((await here.membership.read('leader'))?.revision).to.equal(revision);
      expect(await there.membership.write('leader', bytesOf('you'), revision as number)).to.be.greaterThan(
        revision as number,
      );
      expect(logger.has('connected to NATS again')).to.equal(true);
      await cleanup();
    });

    it('drops what a stopped server does not take, and keeps no more than a bounded part of it', async () => {
      const { here, cleanup } = await two();
      let arrived = 0;
      await here.transport.listen('here', () => {
        arrived += 1;
      });
      const frame = new Uint8Array(512 * 1024);
      process.kill(server.pid, 'SIGSTOP');
      const before = process.memoryUsage().arrayBuffers;
      for (let n = 0; n < 1_000; n++) {
        here.transport.send('here', frame);
        if (n % 50 === 0) await new Promise(setImmediate);
      }
      const kept = process.memoryUsage().arrayBuffers - before;
      process.kill(server.pid, 'SIGCONT');
      expect(kept).to.be.lessThan(150 * 1024 * 1024);
      const sent = arrived;
      await until(
        () => arrived > sent + 100,
        () => here.transport.send('here', frame),
      );
      await cleanup();
    });

    it('keeps the frame size of the first server, and drops what a later one does not take', async () => {
      const logger = new RecordingLogger();
      const { here, cleanup } = await two({ logger });
      const largest = here.transport.maxFrameBytes;
      let arrived = 0;
      await here.transport.listen('here', ({ length }) => {
        arrived = length;
      });
      await server.restart({ config: 'max_payload: 2000' });
      await until(
        () => arrived === 2_000,
        () => here.transport.send('here', new Uint8Array(2_000)),
      );
      expect(here.transport.maxFrameBytes).to.equal(largest);
      here.transport.send('here', new Uint8Array(2_001));
      expect(logger.has('a frame was dropped')).to.equal(true);
      await server.restart();
      await until(
        () => arrived === largest,
        () => here.transport.send('here', new Uint8Array(largest)),
      );
      await cleanup();
    });

    it('refuses a value that the server does not take', async () => {
      const cluster = await connect();
      await rejects(cluster.membership.write('row', new Uint8Array(2 * 1024 * 1024), 0), 'SF_FRAME_TOO_LARGE');
      await cluster.close();
    });
  });
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
