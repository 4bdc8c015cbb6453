import { expect } from 'chai';
import { Bindings } from '../../src/application/bindings.js';
import { Client, gatewayOf } from '../../src/application/client.js';
import { MemoryBlobStore } from '../../src/blob/memory-blob-store.js';
import type { Participant } from '../../src/cluster/participant.js';
import type { Report } from '../../src/cluster/report.js';
import type { BlobBody } from '../../src/ports/blob-store.js';
import { query, send } from '../../src/sdk/contract.js';
import { defineFunction } from '../../src/sdk/define-function.js';
import { FunctionType } from '../../src/sdk/function-type.js';
import type { StatefulFunctionModule } from '../../src/sdk/module.js';
import { VirtualPlatform } from '../../src/testing/virtual-platform.js';
import { SeveralParticipants } from './several-participants.js';

const Tally = FunctionType.contract('test/tally', { add: send<number>(), sum: query<void, number>() });
const TallyFn = defineFunction(Tally, {
  state: () => ({ total: 0 }),
  handlers: {
    add(_ctx, weight) {
      this.total += weight;
    },
    sum() {
      return this.total;
    },
  },
});
const module: StatefulFunctionModule = { configure: (_config, binder) => binder.bindFunctions(TallyFn) };

function clientOf(participant: Participant, platform: VirtualPlatform): Client {
  const bindings = Bindings.of([module], new Map());
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
      const several = new SeveralParticipants({ platform, module, workers: 2, store });
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
});
