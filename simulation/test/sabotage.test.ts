import { expect } from 'chai';
import { hunt } from '../sabotage/hunt.js';
import { sabotaged } from '../sabotage/mutant.js';
import { mutants } from '../sabotage/mutants.js';

describe('A core that is broken on purpose', () => {
  for (const mutant of mutants) {
    it(`shows where ${mutant.breaks}, seed ${mutant.shownBy}`, async () => {
      const found = await hunt(mutant, mutant.shownBy, 1);
      expect(found?.seed, mutant.name).to.equal(mutant.shownBy);
    }).timeout(240_000);
  }

  it('is refused when the text that a mutant changes is not there any more', () => {
    const [mutant] = mutants;
    const [edit] = mutant?.edits ?? [];
    if (mutant === undefined || edit === undefined) throw new Error('there is no mutant');
    expect(() => sabotaged(mutant, edit.module, 'something else')).to.throw(/is out of date/);
  });
});
