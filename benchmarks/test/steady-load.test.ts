import { expect } from 'chai';
import { SteadyLoad } from '../steady-load.js';

describe('SteadyLoad', () => {
  const perSecond = 1_000;

  it('counts what every request waits while a system stands still, those included that are made late', async () => {
    const stall = new Gate();
    const enough = new Gate();
    const fromMs = performance.now();
    const load = new SteadyLoad(perSecond, async (number) => {
      // Requests from 100 on stand still until the 300th is due, 200 ms later.
      if (number >= 100 && number < 300) await stall.opened;
      if (number === 300) stall.open();
      if (number === 400) enough.open();
    });
    await enough.opened;
    await load.stop();
    // Request k has waited 300 - k ms at least. Who asks again only when answered would have one slow request.
    const { p50, p90, max } = load.between(fromMs, fromMs + 300);
    expect(p50).to.be.at.least(45);
    expect(p90).to.be.at.least(165);
    expect(max).to.be.at.least(195);
  });

  it('counts from when a request was due, also if it was made later', async () => {
    const enough = new Gate();
    const fromMs = performance.now();
    const load = new SteadyLoad(perSecond, async (number) => {
      if (number === 0) for (const untilMs = performance.now() + 100; performance.now() < untilMs; );
      if (number === 100) enough.open();
    });
    await enough.opened;
    await load.stop();
    const { p50 } = load.between(fromMs, fromMs + 100);
    expect(p50).to.be.at.least(45);
  });

  it('rejects with what a request failed with, once all are answered', async () => {
    const enough = new Gate();
    const load = new SteadyLoad(perSecond, async (number) => {
      if (number === 5) enough.open();
      if (number === 2) throw new Error('refused');
    });
    await enough.opened;
    const error = await load.stop().catch((thrown: Error) => thrown);
    expect(error).to.be.an('error').with.property('message', 'refused');
  });
});

class Gate {
  open!: () => void;
  readonly opened = new Promise<void>((resolve) => {
    this.open = resolve;
  });
}
