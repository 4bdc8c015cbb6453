import { expect } from 'chai';
import { ChannelRecorder, type Recording } from '../../src/cluster/channel-recorder.js';

describe('ChannelRecorder', () => {
  let recorder: ChannelRecorder;

  beforeEach(() => {
    recorder = new ChannelRecorder([1, 2, 3]);
  });

  it('records each channel from the cut to its barrier', async () => {
    recorder.items(1, ['before the cut']);
    const recording = recorder.cut(1);
    recorder.items(1, ['a', 'b']);
    recorder.items(2, ['c']);
    expect(recorder.barrier(1, 1)).to.equal(false);
    recorder.items(1, ['behind the barrier']);
    recorder.items(2, ['d']);
    expect(recorder.barrier(3, 1)).to.equal(false);
    expect(await outcome(recording)).to.equal('open');
    expect(recorder.barrier(2, 1)).to.equal(false);
    expect(await outcome(recording)).to.deep.equal(['a', 'b', 'c', 'd']);
    recorder.items(2, ['behind the barrier']);
    expect(await recording.complete).to.deep.equal(['a', 'b', 'c', 'd']);
  });

  it('tells to cut at the first barrier of a checkpoint, whose channel is closed then', async () => {
    recorder.items(2, ['before']);
    expect(recorder.barrier(2, 4)).to.equal(true);
    const recording = recorder.cut(4);
    expect(recorder.lastCut).to.equal(4);
    recorder.items(2, ['behind the barrier']);
    recorder.items(1, ['in flight']);
    expect(recorder.barrier(1, 4)).to.equal(false);
    expect(recorder.barrier(3, 4)).to.equal(false);
    expect(await outcome(recording)).to.deep.equal(['in flight']);
  });

  it('is complete at once without channels', async () => {
    expect(await outcome(new ChannelRecorder([]).cut(1))).to.deep.equal([]);
    const recorder = new ChannelRecorder([1]);
    expect(recorder.barrier(1, 1)).to.equal(true);
    expect(await outcome(recorder.cut(1))).to.deep.equal([]);
  });

  it('neither cuts nor closes a channel at the barrier of an older checkpoint', async () => {
    const given = recorder.cut(5);
    const recording = recorder.cut(6);
    expect(await outcome(given)).to.equal(undefined);
    expect(recorder.barrier(1, 4)).to.equal(false);
    expect(recorder.barrier(1, 5)).to.equal(false);
    recorder.items(1, ['still in flight']);
    for (const slot of [1, 2, 3]) expect(recorder.barrier(slot, 6)).to.equal(false);
    expect(await outcome(recording)).to.deep.equal(['still in flight']);
    recorder.items(1, ['after all']);
    expect(await recording.complete).to.deep.equal(['still in flight']);
  });

  it('gives up a recording when a barrier of a newer checkpoint makes it cut that', async () => {
    const older = recorder.cut(1);
    recorder.items(1, ['a']);
    recorder.barrier(2, 1);
    expect(recorder.barrier(1, 2)).to.equal(true);
    const newer = recorder.cut(2);
    expect(await outcome(older)).to.equal(undefined);
    recorder.items(2, ['b']);
    recorder.barrier(2, 2);
    recorder.barrier(3, 1);
    recorder.items(3, ['c']);
    expect(await outcome(newer)).to.equal('open');
    recorder.barrier(3, 2);
    expect(await outcome(newer)).to.deep.equal(['b', 'c']);
  });

  it('stops recording a checkpoint that was abandoned, and takes its late barriers', async () => {
    const recording = recorder.cut(3);
    recorder.items(1, ['a']);
    recorder.abandon(2);
    expect(await outcome(recording)).to.equal('open');
    recorder.abandon(3);
    expect(await outcome(recording)).to.equal(undefined);
    recorder.items(1, ['b']);
    for (const slot of [1, 2, 3]) expect(recorder.barrier(slot, 3)).to.equal(false);
    recorder.abandon(3);
    const next = recorder.cut(4);
    recorder.items(1, ['c']);
    for (const slot of [1, 2, 3]) recorder.barrier(slot, 4);
    expect(await outcome(next)).to.deep.equal(['c']);
  });

  it('asserts that cuts grow, and so do barriers of one channel', () => {
    recorder.cut(2);
    expect(() => recorder.cut(2)).to.throw('SF_BROKEN_INVARIANT');
    expect(() => recorder.cut(1)).to.throw('SF_BROKEN_INVARIANT');
    recorder.barrier(1, 2);
    expect(() => recorder.barrier(1, 2)).to.throw('SF_BROKEN_INVARIANT');
    expect(() => recorder.barrier(1, 1)).to.throw('SF_BROKEN_INVARIANT');
  });

  it('asserts that a barrier is followed by its cut, before anything else', () => {
    recorder.barrier(1, 2);
    expect(() => recorder.items(1, [])).to.throw('SF_BROKEN_INVARIANT');
    expect(() => recorder.items(2, [])).to.throw('SF_BROKEN_INVARIANT');
    expect(() => recorder.barrier(2, 2)).to.throw('SF_BROKEN_INVARIANT');
    expect(() => recorder.cut(1)).to.throw('SF_BROKEN_INVARIANT');
    recorder.cut(2);
    recorder.items(1, []);
    recorder.barrier(2, 2);
  });

  it('asserts that it knows the channel', () => {
    expect(() => recorder.barrier(9, 1)).to.throw('SF_BROKEN_INVARIANT');
    recorder.cut(1);
    expect(() => recorder.items(9, [])).to.throw('SF_BROKEN_INVARIANT');
  });
});

/** What a recording came to by now. */
function outcome(recording: Recording): Promise<readonly unknown[] | 'open' | undefined> {
  return Promise.race([recording.complete, new Promise<'open'>((resolve) => setImmediate(() => resolve('open')))]);
}
