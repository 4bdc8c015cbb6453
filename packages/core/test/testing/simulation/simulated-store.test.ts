import { expect } from 'chai';
import { SeededRandom } from '../../../src/testing/seeded-random.js';
import { SimulatedProcess } from '../../../src/testing/simulation/simulated-process.js';
import { SimulatedService } from '../../../src/testing/simulation/simulated-service.js';
import { SimulatedStore } from '../../../src/testing/simulation/simulated-store.js';
import { Strikes } from '../../../src/testing/simulation/strikes.js';
import { VirtualPlatform } from '../../../src/testing/virtual-platform.js';

const blob = new Uint8Array([1, 2, 3]);

describe('SimulatedStore', () => {
  it('keeps on its disk what it acknowledged, and the rest or not, wherever the power goes', async () => {
    let acknowledged = 0;
    let lost = 0;
    for (let operations = 0; operations < 30; operations += 1) {
      const world = new VirtualPlatform({ seed: operations });
      const service = new SimulatedService('blob store', world, new SeededRandom(operations), new Strikes());
      const store = new SimulatedStore(service, true, () => {});
      const before = new SimulatedProcess('a', world, 1, () => 0, false);
      await world.advance(10);
      store.failAfter(operations);
      const done: string[] = [];
      const put = async () => {
        for (const name of ['parts/a', 'parts/b', 'parts/c'])
          if (await store.storeFor(before).put(name, blob)) done.push(name);
      };
      void put();
      await world.advance(1_000);
      before.kill();
      store.restart();
      const after = store.storeFor(new SimulatedProcess('a', world, 2, () => 0, false));
      const found = await world.run(after.list('parts/'));
      expect(found).to.include.members(done);
      for (const name of done) expect(await world.run(after.get(name))).to.deep.equal(blob);
      acknowledged += done.length;
      lost += 3 - found.length;
    }
    expect(acknowledged).to.be.greaterThan(10);
    expect(lost).to.be.greaterThan(10);
  });
});
