import { expect } from 'chai';
import type { Report } from '../application/node.js';
import { Model } from '../workload/model.js';
import { judge, type Outcome } from '../workload/verdict.js';
import { Witness } from '../workload/witness.js';

describe('The verdict', () => {
  const model = new Model();
  model.add({ id: 'a', to: 'n1', work: 'tally', key: 'k', amount: 3, order: 1, next: [] });
  model.add({ id: 'b', to: 'n1', work: 'append', amount: 1, order: 2, next: [] });
  model.addMalformed();
  const first = '{"sender":"n1","sequence":1,"id":"a"}\n';
  const second = '{"sender":"n1","sequence":2,"id":"b"}\n';
  const exact: Outcome = { output: first + second, deadLetters: '{}\n', reports: model.reports };
  const violations = (change: Partial<Outcome>) => judge(model, { ...exact, ...change }).violations;
  const reporting = (change: Partial<Report>) =>
    new Map([...model.reports].map(([id, report]) => [id, { ...report, ...change }]));

  it('finds nothing in an exact outcome', () => {
    expect(violations({})).to.deep.equal([]);
  });

  it('finds a line that is missing, doubled, torn, foreign or out of order', () => {
    expect(violations({ output: first })).to.have.lengthOf(1);
    expect(violations({ output: first + second + second })).to.not.be.empty;
    expect(violations({ output: `${first}${second.slice(0, 9)}` })).to.not.be.empty;
    expect(violations({ output: first + second.replace('"b"', '"c"') })).to.not.be.empty;
    expect(violations({ output: second + first })).to.not.be.empty;
  });

  it('finds a dead letter too many or too few', () => {
    expect(violations({ deadLetters: '' })).to.have.lengthOf(1);
    expect(violations({ deadLetters: '{}\n{}\n' })).to.have.lengthOf(1);
  });

  it('finds a value of any kind that is off', () => {
    expect(violations({ reports: reporting({ total: 5 }) })).to.have.lengthOf(1);
    expect(violations({ reports: reporting({ ledger: [['k', 6]] }) })).to.have.lengthOf(1);
    expect(violations({ reports: reporting({ diary: [] }) })).to.have.lengthOf(1);
    expect(violations({ reports: reporting({ disorders: 1 }) })).to.have.lengthOf(1);
    expect(violations({ reports: new Map() })).to.not.be.empty;
  });
});

describe('Witness', () => {
  it('tells of lines that were there and are not, or others, and of nothing that was torn', () => {
    const witness = new Witness();
    witness.look('at first', 'a\nb\nto');
    expect(witness.testify('a\nb\nc\n')).to.deep.equal([]);
    expect(witness.testify('a\nc\nb\n')).to.deep.equal(['lines were withdrawn that were there at first']);
    expect(witness.testify('a\n')).to.have.lengthOf(1);
  });
});
