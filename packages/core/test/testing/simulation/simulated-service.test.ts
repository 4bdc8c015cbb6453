import { expect } from 'chai';
import { SeededRandom } from '../../../src/testing/seeded-random.js';
import { SimulatedProcess } from '../../../src/testing/simulation/simulated-process.js';
import { type ServiceCall, SimulatedService } from '../../../src/testing/simulation/simulated-service.js';
import { Strikes } from '../../../src/testing/simulation/strikes.js';
import { VirtualPlatform } from '../../../src/testing/virtual-platform.js';

const put: ServiceCall = { kind: 'put', name: 'log/1' };

function setUp() {
  const world = new VirtualPlatform();
  const strikes = new Strikes();
  const service = new SimulatedService('blob store', world, new SeededRandom(1), strikes);
  const processOn = (machine: string) => new SimulatedProcess(machine, world, 1, () => 0, false);
  let carriedOut = 0;
  const call = (process: SimulatedProcess) =>
    service.call(process, put, async () => {
      carriedOut += 1;
      return 'done';
    });
  return { world, strikes, service, processOn, call, carriedOut: () => carriedOut };
}

describe('SimulatedService', () => {
  it('carries out nothing where its calls are cut, and all where its answers are', async () => {
    const { world, strikes, service, processOn, call, carriedOut } = setUp();
    const outcome = async (machine: string) =>
      world.run(
        call(processOn(machine)).then(
          () => 'answered',
          (error: { code: string }) => error.code,
        ),
      );
    service.cut('a', 'calls');
    expect(await outcome('a')).to.equal('SF_STORAGE');
    expect(carriedOut()).to.equal(0);
    service.cut('a', 'answers');
    expect(await outcome('a')).to.equal('SF_STORAGE');
    expect(carriedOut()).to.equal(1);
    expect(await outcome('b')).to.equal('answered');
    service.mend('a');
    expect(await outcome('a')).to.equal('answered');
    expect(strikes.counts).to.deep.equal({
      'blob store: a call did not get through': 1,
      'blob store: an answer did not get through': 1,
    });
  });

  it('takes a process by surprise in the one call that is waited for', async () => {
    const { world, service, processOn, call, carriedOut } = setUp();
    for (const [moment, times] of [
      ['arrived', 0],
      ['done', 1],
    ] as const) {
      const process = processOn('a');
      const before = carriedOut();
      service.ambushes.set(process, { meets: ({ kind }) => kind === 'put', [moment]: () => process.kill() });
      let isAnswered = false;
      call(process).then(() => {
        isAnswered = true;
      });
      await world.advance(1_000);
      expect([process.isDead, isAnswered, carriedOut() - before]).to.deep.equal([true, false, times]);
    }
  });
});
