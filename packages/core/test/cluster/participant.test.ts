import { expect } from 'chai';
import { Bindings } from '../../src/application/bindings.js';
import { Client, gatewayOf } from '../../src/application/client.js';
import { MemoryBlobStore } from '../../src/blob/memory-blob-store.js';
import type { Participant } from '../../src/cluster/participant.js';
import type { Report } from '../../src/cluster/report.js';
import type { BlobBody } from '../../src/ports/blob-store.js';
import { VirtualPlatform } from '../../src/testing/virtual-platform.js';
import { Tally, tallies } from '../tally.js';
import { SeveralParticipants } from './several-participants.js';

function clientOf(participant: Participant, platform: VirtualPlatform): Client {
  const bindings = Bindings.of([tallies], new Map());
  const client = new Client(gatewayOf(participant, bindings), platform);
  participant.onReply = (target, reply) => client.receive(target, reply);
  return client;
}

/** A store that tells when the part of a worker is about to be written. */
class WatchedStore extends MemoryBlobStore {
  onPart: () => void = () => {};

  override put(name: string, body: BlobBody): Promise<boolean> {
    if (name.startsWith('parts/')) this.onPart();
    return super.put(name, body);
  }
}

describe('Participant', () => {
  for (const isCommitted of [true, false]) {
    // It is paused while others go on: the checkpoint that it finds when it comes back says nothing of its own last cut.
    it(`sends once what clients sent, if it misses an epoch when its cut ${isCommitted ? 'is' : 'is not'} committed`, async () => {
      const platform = new VirtualPlatform();
      const store = new WatchedStore();
      const several = new SeveralParticipants({ platform, module: tallies, workers: 2, store, inlineBytes: 0 });
      const { coordinator, deaf, mute } = several;
      const [paused, other] = several.participants as [Participant, Participant];
      const client = clientOf(other, platform);
      await platform.run(several.start());

      const sent = clientOf(paused, platform).to(Tally.at('one')).add(1);
      store.onPart = () => {
        deaf.add(paused.endpoint);
        if (!isCommitted) mute.add(paused.endpoint);
      };
      await platform.advance(1_000);
      expect(paused.current?.pending).to.not.equal(undefined);
      expect(coordinator.status.committed).to.equal(isCommitted ? 1 : 0);

      const report = coordinator.reports.find(({ endpoint }) => endpoint === paused.endpoint) as Report;
      coordinator.hear({ ...report, number: report.number + 1, state: 'stopped' });
      await platform.run(client.to(Tally.at('other')).add(1));
      expect(coordinator.plan?.workers).to.have.length(1);

      store.onPart = () => {};
      deaf.clear();
      mute.clear();
      paused.start();
      await platform.run(sent);
      expect(coordinator.plan?.workers).to.have.length(2);
      expect(await platform.run(client.query(Tally.at('one')).sum())).to.equal(1);
      expect(several.failures).to.deep.equal([]);
      await platform.run(several.stop());
    });
  }

  // A coordinator that takes over knows the numbers of committed checkpoints only, and takes the next: one that came to nothing.
  it('does not take the checkpoint of another coordinator for that of its own last cut, if both have one number', async () => {
    const platform = new VirtualPlatform();
    const store = new WatchedStore();
    const former = new SeveralParticipants({ platform, module: tallies, workers: 1, store, inlineBytes: 0 });
    const [paused] = former.participants as [Participant];
    await platform.run(former.start());
    let isCommitted = false;
    const sent = clientOf(paused, platform).to(Tally.at('one')).add(1);
    void sent.then(() => {
      isCommitted = true;
    });
    store.onPart = () => former.mute.add(paused.endpoint);
    await platform.advance(1_000);
    former.deaf.add(paused.endpoint);
    const pending = paused.current?.pending?.checkpoint;
    await platform.run(former.coordinator.close());

    const latter = new SeveralParticipants({ platform, module: tallies, workers: 1, store, inlineBytes: 0 });
    const { coordinator } = latter;
    const [other] = latter.participants as [Participant];
    await platform.run(latter.start());
    await platform.run(clientOf(other, platform).to(Tally.at('other')).add(1));
    expect(coordinator.status.checkpoint).to.equal(pending);
    coordinator.hear({ ...(coordinator.reports[0] as Report), number: 1_000, state: 'stopped' });
    await platform.advance(100);
    other.start();
    await platform.run(coordinator.whenRunning());
    expect(coordinator.plan?.base?.checkpoint).to.equal(pending);
    paused.obey({
      coordinator: 'd'.repeat(16),
      number: 1,
      answers: 0,
      plan: coordinator.plan,
      committed: undefined,
      inlined: undefined,
      inlineBytes: 0,
      settled: 0,
      checkpoint: undefined,
      pausesAt: undefined,
      isCrowded: false,
      phase: 'run',
      verdict: undefined,
      applicationTimeMs: 0,
    });
    await platform.advance(100);
    expect(paused.current?.state).to.equal('running');
    expect(isCommitted).to.equal(false);
    expect(paused.current?.worker.submissions).to.have.length(1);
    await platform.run(latter.stop());
    await platform.run(former.stop());
  });
});
