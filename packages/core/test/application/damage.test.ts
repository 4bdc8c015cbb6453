import { expect } from 'chai';
import { Application } from '../../src/application/application.js';
import { MemoryBlobStore } from '../../src/blob/memory-blob-store.js';
import { MemorySink } from '../../src/io/memory-sink.js';
import { MemorySource } from '../../src/io/memory-source.js';
import type { ByteRange } from '../../src/ports/blob-store.js';
import { silentLogger } from '../../src/ports/logger.js';
import { asError, StatefulFunctionsError } from '../../src/sdk/errors.js';
import { VirtualPlatform } from '../../src/testing/virtual-platform.js';
import { Tally, tallyModule } from './tally.js';

/** A store one byte of which was flipped; what is written to it goes nowhere else. */
class DamagedStore extends MemoryBlobStore {
  constructor(
    readonly blob: string,
    readonly offset: number,
  ) {
    super();
  }

  override async get(name: string, range?: ByteRange): Promise<Uint8Array | undefined> {
    const bytes = await super.get(name, range);
    const at = this.offset - (range?.offset ?? 0);
    if (name === this.blob && bytes !== undefined && at >= 0 && at < bytes.length) {
      bytes[at] = (bytes[at] as number) ^ 0x41;
    }
    return bytes;
  }
}

describe('A stored application', () => {
  const platform = new VirtualPlatform();
  const ids = ['ada', 'bob', 'eve', 'kim'];
  const whole = { ada: { sum: 1 }, bob: { sum: 2 }, eve: { sum: 3 }, kim: { sum: 4 } };
  const blobs = new Map<string, Uint8Array>();

  const start = (store: MemoryBlobStore) =>
    Application.from(tallyModule({ source: new MemorySource(), sink: new MemorySink() })).start({
      platform,
      logger: silentLogger,
      handleSignals: false,
      maxParallelism: 4,
      checkpoints: { store },
    });

  /** All state there is, or the error that reading it ended with. */
  async function readAll(store: MemoryBlobStore): Promise<object | Error> {
    try {
      const app = await platform.run(start(store));
      try {
        const states: Record<string, object> = {};
        for (const id of ids) states[id] = await platform.run(app.stateOf(Tally.at(id)));
        return states;
      } finally {
        app.abandon();
      }
    } catch (error) {
      return asError(error);
    }
  }

  before(async () => {
    const store = new MemoryBlobStore();
    const app = await platform.run(start(store));
    for (const [index, id] of ids.entries()) {
      await platform.advance(1_000); // So that old manifests go, each byte of which would be damaged in vain.
      await platform.run(app.client.send(Tally.at(id), index + 1));
    }
    app.abandon(); // With a message in flight to the outside: what was published last is not on record yet.
    for (const name of await store.list('')) blobs.set(name, (await store.get(name)) as Uint8Array);
  });

  it('shows damage to any byte, by the name of the object and an offset; never is state silently empty', async () => {
    const unnoticed: string[] = [];
    let reported = 0;
    for (const [name, bytes] of blobs) {
      for (let offset = 0; offset < bytes.length; offset += 1) {
        const store = new DamagedStore(name, offset);
        for (const [blob, content] of blobs) await store.put(blob, content);
        const found = await readAll(store);
        if (!(found instanceof Error)) {
          expect(found, `${name} damaged at ${offset}`).to.deep.equal(whole);
          unnoticed.push(name);
          continue;
        }
        reported += 1;
        expect(found, `${name} damaged at ${offset}: ${found}`).to.be.instanceOf(StatefulFunctionsError);
        expect((found as StatefulFunctionsError).code, found.message).to.equal('SF_DAMAGED');
        expect(found.message, 'names object and offset').to.include(name).and.to.match(/\d+/);
      }
    }
    expect(reported).to.be.greaterThan(0);
    // Only what going on from the last checkpoint needs not: older entries of the log, and what only they refer to.
    expect(unnoticed).not.to.include([...blobs.keys()].filter((name) => name.startsWith('log/')).at(-1));
  }).timeout(120_000);

  it('is exact when nothing is damaged', async () => {
    const store = new MemoryBlobStore();
    for (const [blob, content] of blobs) await store.put(blob, content);
    expect(await readAll(store)).to.deep.equal(whole);
  });
});
