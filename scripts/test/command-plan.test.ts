import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { plan } from '../command-plan.js';
import { documentedCommands, root } from '../documented-commands.js';

describe('The commands of the documents', () => {
  it('are planned, each of them, and no other', () => {
    const [planned, shown] = [Object.keys(plan), documentedCommands()];
    expect(
      shown.filter((command) => !planned.includes(command)),
      'without a plan',
    ).to.deep.equal([]);
    expect(
      planned.filter((command) => !shown.includes(command)),
      'shown nowhere',
    ).to.deep.equal([]);
  });

  it('are run by files that exist, where something else runs them', () => {
    const files = Object.values(plan).flatMap((treatment) => ('runBy' in treatment ? [treatment.runBy] : []));
    expect(files.filter((file) => !existsSync(join(root, file)))).to.deep.equal([]);
  });
});
