import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import {
  Application,
  type Binder,
  defineFunction,
  Egress,
  FunctionType,
  Ingress,
  JsonLinesSink,
  JsonLinesSource,
  type RunningApplication,
  type StatefulFunctionModule,
  silentLogger,
} from '@stateful-functions/core';
import { HttpProxy, withS3 } from '@stateful-functions/servers';
import { expect } from 'chai';
import { S3BlobStore, type S3BlobStoreOptions } from '../src/index.js';
import { rejection } from './coded.js';
import { bucketOptions } from './test-bucket.js';

interface Vote {
  readonly of: string;
  readonly weight: number;
}

const Tally = FunctionType.of<number>('test/tally');
const votes = Ingress.of<Vote>('test/votes');
const totals = Egress.of<string>('test/totals');

const TallyFn = defineFunction(Tally, {
  state: () => ({ sum: 0 }),
  invoke(ctx, weight) {
    this.sum += weight;
    ctx.send(totals, `${ctx.self.id} ${this.sum}`);
  },
});

/** Votes are lines of one file, and each sum is a line of another. */
class TallyModule implements StatefulFunctionModule {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  configure(_config: ReadonlyMap<string, string>, binder: Binder): void {
    binder.bindIngress(votes, new JsonLinesSource({ path: join(this.#folder, 'votes'), follow: true }));
    binder.bindEgress(totals, new JsonLinesSink({ path: join(this.#folder, 'totals') }));
    binder.bindFunctions(TallyFn);
    binder.bindRouter(votes, ({ of, weight }, downstream) => downstream.forward(Tally.at(of), weight));
  }
}

await withS3((server) => {
  describe('An application with its checkpoints in S3', () => {
    let folder: string;
    let options: S3BlobStoreOptions;
    let cast: Vote[];
    let running: RunningApplication[];

    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 's3-application-'));
      options = { ...(await bucketOptions(server)), prefix: 'tally', multipart: false };
      cast = [];
      running = [];
    });

    afterEach(async () => {
      await Promise.allSettled(running.map((application) => application.stop()));
      await rm(folder, { recursive: true });
    });

    const start = async (more: Partial<S3BlobStoreOptions> = {}, interval = 50) => {
      const application = await Application.from(new TallyModule(folder)).start({
        checkpoints: { store: new S3BlobStore({ ...options, ...more }), interval },
        logger: silentLogger,
        handleSignals: false,
      });
      running.push(application);
      return application;
    };

    const vote = async (count: number) => {
      const more = Array.from({ length: count }, (_, at) => ({ of: `candidate ${at % 7}`, weight: cast.length + at }));
      cast.push(...more);
      await appendFile(join(folder, 'votes'), more.map((each) => `${JSON.stringify(each)}\n`).join(''));
    };

    const published = async () =>
      (await readFile(join(folder, 'totals'), 'utf8'))
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line));
    /** Waits for it, and for as long as an application runs. */
    const whenPublished = async (count: number) => {
      const ended = running.at(-1)?.finished.then(() => 'ended');
      while ((await published()).length < count) {
        if ((await Promise.race([ended, setTimeout(10)])) === 'ended') throw new Error('The application has ended.');
      }
    };

    it('is stopped and started again, and goes on exactly', async () => {
      for (const count of [300, 1, 200]) {
        await vote(count);
        const application = await start();
        await whenPublished(cast.length);
        await application.stop();
      }
      expect(await published())
        .to.have.members(sumsOf(cast))
        .and.have.length(cast.length);
    });

    it('costs one PUT a checkpoint where there is little to store, and reads and lists nothing, however many there were', async () => {
      const proxy = await HttpProxy.to(server.endpoint);
      const application = await start({ endpoint: proxy.endpoint }, 3_600_000);
      const rounds = 20;
      for (let round = 0; round < rounds; round += 1) await application.client.send(Tally.at('a'), 1);
      proxy.requests.length = 0;
      // Each send is acknowledged by a checkpoint.
      for (let round = 0; round < rounds; round += 1) await application.client.send(Tally.at('a'), 1);
      const puts = proxy.requests.filter(({ method }) => method === 'PUT');
      const manifests = puts.filter(({ path }) => path.includes('/log/'));
      expect(manifests.length).to.be.at.least(rounds);
      expect(puts).to.have.length(manifests.length);
      // What is merged is at hand.
      expect(proxy.requests.filter(({ method }) => method === 'GET')).to.deep.equal([]);
      await application.stop();
      await proxy[Symbol.asyncDispose]();
    });

    it('asks for nothing while it rests', async () => {
      const proxy = await HttpProxy.to(server.endpoint);
      const application = await start({ endpoint: proxy.endpoint }, 10);
      await vote(10);
      await whenPublished(10);
      // The last of what follows from the votes is that old manifests are deleted; then no interval brings anything.
      let before: number;
      do {
        before = proxy.requests.length;
        await setTimeout(300);
      } while (proxy.requests.length > before && before < 1_000);
      expect(before).to.be.lessThan(1_000);
      expect(proxy.requests).to.have.length(before);
      await application.stop();
      await proxy[Symbol.asyncDispose]();
    });

    it('is fenced by another one on its prefix', async () => {
      await vote(20);
      const first = await start();
      await whenPublished(20);
      const second = await start();
      await vote(20);
      await rejection('SF_FENCED', first.finished);
      expect(await second.stateOf(Tally.at('candidate 0'))).to.have.property('sum');
    });

    it('goes on exactly when S3 fails, loses answers and cuts connections', async function () {
      this.timeout(60_000);
      const proxy = await HttpProxy.to(server.endpoint);
      let seen = 0;
      proxy.intercept = async (_request, pass) => {
        seen += 1;
        if (seen % 5 === 0) return { status: 503, body: '<Error><Code>SlowDown</Code></Error>' };
        const answer = await pass();
        return seen % 7 === 0 ? 'reset' : answer;
      };
      for (let round = 0; round < 4; round += 1) {
        const application = await start({ endpoint: proxy.endpoint });
        for (let part = 0; part < 5; part += 1) {
          await vote(50);
          await whenPublished(cast.length);
        }
        await application.stop();
      }
      expect(seen).to.be.greaterThan(50);
      await proxy[Symbol.asyncDispose]();
      expect(await published())
        .to.have.members(sumsOf(cast))
        .and.have.length(cast.length);
    });

    if (process.env.SF_S3_ENDPOINT === undefined) {
      it('goes on when checkpoints failed because S3 was gone for a while', async function () {
        this.timeout(60_000);
        const application = await start({ retry: { attempts: 1 } });
        await vote(100);
        await whenPublished(100);
        await server.stop();
        await vote(100);
        await setTimeout(3_000);
        expect(await published()).to.have.length(100);
        await server.start();
        await whenPublished(200);
        await application.stop();
        expect(await published())
          .to.have.members(sumsOf(cast))
          .and.have.length(200);
      });
    }
  });
});

/** What the sums must be. */
function sumsOf(cast: readonly Vote[]): string[] {
  const sums = new Map<string, number>();
  return cast.map(({ of, weight }) => {
    sums.set(of, (sums.get(of) ?? 0) + weight);
    return `${of} ${sums.get(of)}`;
  });
}
