import { expect } from 'chai';
import { hostCode, isDiskFull } from '../../src/ports/host-error.js';

describe('The error of a host', () => {
  it('has a code, and whatever else was thrown has none', () => {
    expect(hostCode(Object.assign(new Error('gone'), { code: 'ENOENT' }))).to.equal('ENOENT');
    for (const thrown of [new Error('no code'), 'ENOENT', null, undefined, 2])
      expect(hostCode(thrown)).to.equal(undefined);
  });

  it('tells of a full disk, and of a quota that is used up', () => {
    for (const code of ['ENOSPC', 'EDQUOT']) expect(isDiskFull({ code }), code).to.equal(true);
    for (const code of ['EIO', 'ENOENT', undefined]) expect(isDiskFull({ code }), code).to.equal(false);
    expect(isDiskFull(undefined)).to.equal(false);
  });
});
