import { expect } from 'chai';
import { DirectorySync } from '../../src/blob/directory-sync.js';
import { nodePlatform } from '../../src/node/node-platform.js';
import { nextTurn } from '../../src/ports/scheduler.js';
import { SimulatedDisk } from '../../src/testing/simulated-disk.js';

const { scheduler } = nodePlatform();

/** A disk that is done with a folder's sync some time before it says so. */
class SlowToAnswer extends SimulatedDisk {
  readonly #unanswered: (() => void)[] = [];
  syncs = 0;

  override async syncDirectory(path: string): Promise<void> {
    this.syncs++;
    await super.syncDirectory(path);
    await new Promise<void>((resolve) => this.#unanswered.push(resolve));
  }

  /** Answers the sync that runs, once it is done; does nothing when none runs. */
  async answer(): Promise<void> {
    await nextTurn(scheduler);
    this.#unanswered.shift()?.();
  }
}

describe('DirectorySync', () => {
  it('covers an entry that was made while a sync ran', async () => {
    for (let seed = 0; seed < 20; seed++) {
      const disk = new SlowToAnswer({ seed });
      const sync = new DirectorySync(disk);
      const first = sync.sync('/');
      // Operations of the disk take effect in order, so the folder is synced before this exists.
      await disk.makeDirectory('late');
      const second = sync.sync('/');
      await disk.answer();
      await first;
      await disk.answer();
      await second;
      disk.crash();
      expect(await disk.list('/')).to.have.length(1);
    }
  });

  it('shares one sync among all who ask while another runs', async () => {
    const disk = new SlowToAnswer();
    const sync = new DirectorySync(disk);
    const asked = Array.from({ length: 10 }, () => sync.sync('/'));
    await disk.answer();
    await disk.answer();
    await Promise.all(asked);
    expect(disk.syncs).to.equal(2);
  });

  it('tells a failure to those whose sync failed, and tries again for those who wait', async () => {
    const disk = new SimulatedDisk();
    const sync = new DirectorySync(disk);
    disk.failNext('syncDirectory', 'EIO');
    const outcomes = await Promise.allSettled([sync.sync('/'), sync.sync('/'), sync.sync('/')]);
    expect(outcomes.map(({ status }) => status)).to.deep.equal(['rejected', 'fulfilled', 'fulfilled']);
  });
});
