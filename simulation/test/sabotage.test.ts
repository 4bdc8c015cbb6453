import { expect } from 'chai';
import { hunt } from '../sabotage/hunt.js';
import { sabotaged } from '../sabotage/mutant.js';
import { mutants } from '../sabotage/mutants.js';

/** The seed that showed a mutant shows it no more when the order of things has changed; one of those behind it does. */
const margin = 60;

describe('A core that is broken on purpose', () => {
  for (const mutant of mutants) {
    it(`shows where ${mutant.breaks}, about seed ${mutant.shownBy}`, async () => {
      const found = await hunt(mutant, mutant.shownBy, margin);
      expect(found, mutant.name).to.not.equal(undefined);
    }).timeout(240_000);
  }

  it('is refused when the text that a mutant changes is not there any more', () => {
    const [mutant] = mutants;
    const [edit] = mutant?.edits ?? [];
    if (mutant === undefined || edit === undefined) throw new Error('there is no mutant');
    expect(() => sabotaged(mutant, edit.module, 'something else')).to.throw(/is out of date/);
  });
});
