import { expect } from 'chai';
import { Attempts } from '../index.js';

describe('Attempts', () => {
  const seen = { message: 'm', epoch: 1, checkpoint: 0 };

  it('go on from what a checkpoint holds that was cut after they began', () => {
    const attempts = new Attempts();
    attempts.begun(1, 0);
    attempts.see({ ...seen, attempt: 2 });
    attempts.begun(2, 5);
    attempts.see({ ...seen, epoch: 2, checkpoint: 5, attempt: 2 });
    expect(attempts.violations).to.deep.equal([]);
    attempts.see({ ...seen, epoch: 2, checkpoint: 5, attempt: 1 });
    expect(attempts.violations).to.deep.equal(['attempt: m is at its 1., after its 2.']);
  });

  it('may be repeated if the last checkpoint was cut before they began', () => {
    const attempts = new Attempts();
    attempts.begun(1, 0);
    attempts.see({ ...seen, checkpoint: 5, attempt: 2 });
    attempts.begun(2, 5);
    attempts.see({ ...seen, epoch: 2, checkpoint: 5, attempt: 1 });
    expect(attempts.violations).to.deep.equal([]);
  });

  it('count for nothing in an epoch that is over', () => {
    const attempts = new Attempts();
    attempts.begun(1, 0);
    attempts.begun(2, 0);
    attempts.see({ ...seen, attempt: 3 });
    attempts.begun(3, 9);
    attempts.see({ ...seen, epoch: 3, checkpoint: 9, attempt: 1 });
    expect(attempts.violations).to.deep.equal([]);
  });
});
