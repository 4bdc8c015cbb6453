import { expect } from 'chai';
import fc from 'fast-check';
import { Assignment, type AssignmentData, type AssignmentRequest } from '../../src/cluster/assignment.js';
import { decode, encode } from '../../src/codec/codec.js';
import type { KeyGroupRange } from '../../src/state/key-group-ranges.js';
import { refuses } from '../sdk/refuses.js';

const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((letter) => `node-${letter}:4222`);
const workers = fc.uniqueArray(fc.constantFrom(...names), { minLength: 1 });
const things = fc.uniqueArray(fc.constantFrom(...names.map((_, at) => `example/thing-${at}`)));
/** One assignment after the other, as workers and connectors come and go. */
const history = fc.record({
  maxParallelism: fc.integer({ min: 1, max: 70 }),
  steps: fc.array(fc.record({ workers, ingresses: things, egresses: things }), { minLength: 1, maxLength: 6 }),
});
type History = typeof history extends fc.Arbitrary<infer T> ? T : never;

/** Calls `look` for each assignment of a history, with what was asked for and what was before. */
function follow(
  { maxParallelism, steps }: History,
  look: (made: Assignment, request: AssignmentRequest, former: Assignment | undefined) => void,
): void {
  let former: Assignment | undefined;
  for (const step of steps) {
    const request = { maxParallelism, ...step };
    const made = Assignment.make(request, former);
    look(made, request, former);
    former = made;
  }
}

function balanced(counts: readonly number[]): boolean {
  return Math.max(...counts) - Math.min(...counts) <= 1;
}

/** The name of the worker that owns each of the things. */
function ownersIn<T>(
  assignment: Assignment | undefined,
  things: Iterable<T>,
  slotOf: (thing: T) => number | undefined,
) {
  return [...things].map((thing) => assignment?.workers[slotOf(thing) ?? -1]?.name);
}

function stayed(before: readonly unknown[], after: readonly unknown[]): number {
  return after.filter((owner, at) => owner !== undefined && owner === before[at]).length;
}

/** By trying every balanced assignment: the most things that can stay with the worker that had them. */
function mostThatCanStay(before: readonly (string | undefined)[], workers: readonly string[]): number {
  const counts = new Map(workers.map((worker) => [worker, 0]));
  const search = (at: number): number => {
    if (at === before.length) return balanced([...counts.values()]) ? 0 : Number.NEGATIVE_INFINITY;
    let best = Number.NEGATIVE_INFINITY;
    for (const worker of workers) {
      counts.set(worker, (counts.get(worker) as number) + 1);
      best = Math.max(best, (worker === before[at] ? 1 : 0) + search(at + 1));
      counts.set(worker, (counts.get(worker) as number) - 1);
    }
    return best;
  };
  return search(0);
}

const groupsOf = ({ maxParallelism }: { maxParallelism: number }) => [...Array(maxParallelism).keys()];
const rangesIn = (assignment: Assignment | undefined) =>
  assignment?.workers.reduce((sum, { ranges }) => sum + [...ranges].length, 0) ?? 1;
const named = (list: readonly string[]) => ({ maxParallelism: 1_024, workers: list, ingresses: [], egresses: [] });

describe('Assignment', () => {
  it('gives every KeyGroup and every name to exactly one of the workers', () => {
    fc.assert(
      fc.property(history, (steps) => {
        follow(steps, (made, request) => {
          expect(made.workers.map(({ name }) => name)).to.have.members([...request.workers]);
          for (const group of groupsOf(made)) {
            const owners = [...made.workers.keys()].filter((slot) => made.workers[slot]?.ranges.contains(group));
            expect(owners).to.deep.equal([made.ownerOf(group)]);
          }
          expect(made.workers.flatMap(({ ingresses }) => ingresses)).to.have.members([...request.ingresses]);
          expect(made.workers.flatMap(({ egresses }) => egresses)).to.have.members([...request.egresses]);
          for (const [slot, { name, ingresses, egresses }] of made.workers.entries()) {
            expect(made.slotOf(name)).to.equal(slot);
            for (const ingress of ingresses) expect(made.ownerOfIngress(ingress)).to.equal(slot);
            for (const egress of egresses) expect(made.ownerOfEgress(egress)).to.equal(slot);
          }
        });
      }),
    );
  });

  it('is balanced: numbers differ by at most one, of KeyGroups, ingresses and egresses alike', () => {
    fc.assert(
      fc.property(history, (steps) => {
        follow(steps, ({ workers }) => {
          expect(balanced(workers.map(({ ranges }) => ranges.size)), 'KeyGroups').to.equal(true);
          expect(balanced(workers.map(({ ingresses }) => ingresses.length)), 'ingresses').to.equal(true);
          expect(balanced(workers.map(({ egresses }) => egresses.length)), 'egresses').to.equal(true);
        });
      }),
    );
  });

  it('moves as little as any balanced assignment could', () => {
    const small = fc.record({
      maxParallelism: fc.integer({ min: 1, max: 7 }),
      steps: fc.array(
        fc.record({
          workers: fc.uniqueArray(fc.constantFrom(...names.slice(0, 4)), { minLength: 1, maxLength: 3 }),
          ingresses: fc.uniqueArray(fc.constantFrom('x/1', 'x/2', 'x/3', 'x/4', 'x/5')),
          egresses: fc.uniqueArray(fc.constantFrom('x/1', 'x/2', 'x/3', 'x/4', 'x/5')),
        }),
        { minLength: 2, maxLength: 3 },
      ),
    });
    fc.assert(
      fc.property(small, (steps) => {
        follow(steps, (made, request, former) => {
          const list = [...request.workers];
          const expectLeast = <T>(
            what: string,
            all: readonly T[],
            ownerOf: (a: Assignment, thing: T) => number | undefined,
          ) => {
            const before = ownersIn(former, all, (thing) => former && ownerOf(former, thing));
            const after = ownersIn(made, all, (thing) => ownerOf(made, thing));
            expect(stayed(before, after), what).to.equal(mostThatCanStay(before, list));
          };
          expectLeast('KeyGroups', groupsOf(made), (assignment, group) => assignment.ownerOf(group));
          expectLeast('ingresses', [...request.ingresses], (assignment, name) => assignment.ownerOfIngress(name));
          expectLeast('egresses', [...request.egresses], (assignment, name) => assignment.ownerOfEgress(name));
        });
      }),
    );
  });

  it('moves only what a worker that joins must get, or what one that leaves had', () => {
    const three = Assignment.make(named(['a', 'b', 'c']));
    const moved = (from: Assignment, to: Assignment) => {
      const owners = (assignment: Assignment) =>
        ownersIn(assignment, groupsOf(from), (group) => assignment.ownerOf(group));
      return 1_024 - stayed(owners(from), owners(to));
    };
    const four = Assignment.make(named(['a', 'b', 'c', '0']), three);
    expect(moved(three, four)).to.equal(256);
    expect(four.workers[0]).to.have.property('name', '0');
    const without = Assignment.make(named(['a', 'c', '0']), four);
    expect(moved(four, without)).to.equal(256);
    expect(moved(without, Assignment.make(named(['0', 'c', 'a']), without))).to.equal(0);
    expect(moved(without, Assignment.make(named(['x', 'y', 'z']), without))).to.equal(1_024);
  });

  it('depends on nothing but its arguments, and not on the order of names', () => {
    fc.assert(
      fc.property(history, fc.nat(), ({ maxParallelism, steps }, turn) => {
        const turned = <T>(list: readonly T[]) => [
          ...list.slice(turn % (list.length + 1)),
          ...list.slice(0, turn % (list.length + 1)),
        ];
        let one: Assignment | undefined;
        let other: Assignment | undefined;
        for (const { workers, ingresses, egresses } of steps) {
          one = Assignment.make({ maxParallelism, workers, ingresses, egresses }, one);
          const request = { workers: turned(workers), ingresses: turned(ingresses), egresses: turned(egresses) };
          other = Assignment.make({ maxParallelism, ...request }, other);
          expect(other.toData()).to.deep.equal(one.toData());
        }
      }),
    );
  });

  it('begins with one range for each worker, and adds at most one for each at a time', () => {
    const first = Assignment.make({ ...named(['c', 'a', 'b']), maxParallelism: 10 });
    expect(first.workers.map(({ name, ranges }) => `${name}: ${ranges}`)).to.deep.equal(['a: 0–3', 'b: 4–6', 'c: 7–9']);
    fc.assert(
      fc.property(history, (steps) => {
        follow(steps, (made, _, former) => {
          if (former === undefined) expect(rangesIn(made)).to.be.at.most(made.workers.length);
          else expect(rangesIn(made)).to.be.at.most(rangesIn(former) + made.workers.length);
        });
      }),
    );
  });

  it('grows the ranges that are there, cuts side by side, and gives up the shortest', () => {
    const described = (assignment: Assignment) => assignment.workers.map(({ name, ranges }) => `${name}: ${ranges}`);
    const after = (workers: string[], former: Assignment) =>
      described(Assignment.make({ ...named(workers), maxParallelism: former.maxParallelism }, former));
    const owning = (...ranges: KeyGroupRange[][]) =>
      Assignment.from({
        maxParallelism: 12,
        workers: ranges.map((each, at) => ({ name: 'abc'[at] as string, ranges: each, ingresses: [], egresses: [] })),
      });
    const inThree = owning([[0, 5]], [[5, 8]], [[8, 12]]);
    expect(after(['a', 'c'], inThree)).to.deep.equal(['a: 0–5', 'c: 6–11']);
    expect(after(['a', 'b', 'c'], owning([[0, 6]], [[6, 12]]))).to.deep.equal(['a: 0–3', 'b: 8–11', 'c: 4–7']);
    const shortFirst: [KeyGroupRange[], KeyGroupRange[]] = [
      [
        [0, 1],
        [6, 12],
      ],
      [[1, 6]],
    ];
    expect(after(['a', 'b'], owning(...shortFirst))).to.deep.equal(['a: 6–11', 'b: 0–5']);
    const shortLast: [KeyGroupRange[], KeyGroupRange[]] = [
      [
        [0, 6],
        [11, 12],
      ],
      [[6, 11]],
    ];
    expect(after(['a', 'b'], owning(...shortLast))).to.deep.equal(['a: 0–5', 'b: 6–11']);
  });

  it('keeps ranges few over a long life of workers that come and go', () => {
    let assignment = Assignment.make(named(names));
    for (let step = 0; step < 500; step += 1) {
      // Each is there or not in a pattern of its own.
      const present = names.filter((_, at) => at === 0 || Math.floor(step / (at + 1)) % 3 !== at % 3);
      assignment = Assignment.make(named(present), assignment);
      expect(rangesIn(assignment) / present.length, `step ${step}`).to.be.at.most(6);
    }
  });

  it('gives what is one too many to workers that carry less: an egress not to the one with the only ingress', () => {
    const request = { maxParallelism: 8, workers: ['a', 'b'], ingresses: ['x/in'], egresses: ['x/out'] };
    const { workers } = Assignment.make(request);
    expect(workers.map(({ ingresses, egresses }) => [...ingresses, ...egresses])).to.deep.equal([['x/in'], ['x/out']]);
  });

  it('leaves workers without KeyGroups where there are more of them than KeyGroups', () => {
    const { workers } = Assignment.make({ ...named(['a', 'b', 'c']), maxParallelism: 2 });
    expect(workers.map(({ ranges }) => ranges.size)).to.deep.equal([1, 1, 0]);
  });

  it('comes back equal from plain data and over the wire', () => {
    fc.assert(
      fc.property(history, (steps) => {
        follow(steps, (made) => {
          const received = Assignment.from(decode(encode(made.toData())) as AssignmentData);
          expect(received.toData()).to.deep.equal(made.toData());
          for (const group of groupsOf(made)) expect(received.ownerOf(group)).to.equal(made.ownerOf(group));
        });
      }),
    );
  });

  it('refuses data with an overlap, a gap, a name twice, or nobody', () => {
    const good = Assignment.make({
      maxParallelism: 8,
      workers: ['a', 'b'],
      ingresses: ['x/i'],
      egresses: ['x/e'],
    }).toData();
    const [a, b] = good.workers as [AssignmentData['workers'][number], AssignmentData['workers'][number]];
    const bad: Record<string, AssignmentData> = {
      overlap: { ...good, workers: [a, { ...b, ranges: [[3, 8]] }] },
      gap: { ...good, workers: [a, { ...b, ranges: [[5, 8]] }] },
      'end missing': { ...good, maxParallelism: 9 },
      'beyond the end': { ...good, maxParallelism: 7 },
      'two workers of one name': { ...good, workers: [a, { ...b, name: 'a' }] },
      'an ingress twice': { ...good, workers: [a, { ...b, ingresses: ['x/i'] }] },
      'an egress twice': { ...good, workers: [{ ...a, egresses: ['x/e'] }, b] },
      'no workers': { ...good, workers: [] },
      'no KeyGroups': { maxParallelism: 0, workers: [{ ...a, ranges: [] }] },
    };
    Assignment.from(good);
    for (const [what, data] of Object.entries(bad)) {
      expect(() => Assignment.from(data), what).to.throw('SF_BROKEN_INVARIANT');
    }
  });

  it('refuses to be made for nobody, for one worker twice, or from one with another number of KeyGroups', () => {
    refuses('SF_BROKEN_INVARIANT', () => Assignment.make(named([])));
    refuses('SF_BROKEN_INVARIANT', () => Assignment.make(named(['a', 'a'])));
    refuses('SF_BROKEN_INVARIANT', () =>
      Assignment.make({ ...named(['a']), maxParallelism: 512 }, Assignment.make(named(['a']))),
    );
  });

  it('has no owner for what is no KeyGroup, and none for a name that was not assigned', () => {
    const assignment = Assignment.make(named(['a']));
    for (const group of [-1, 1_024, 0.5, Number.NaN]) refuses('SF_BROKEN_INVARIANT', () => assignment.ownerOf(group));
    expect(assignment.ownerOfIngress('x/none')).to.equal(undefined);
    expect(assignment.ownerOfEgress('x/none')).to.equal(undefined);
    expect(assignment.slotOf('b')).to.equal(undefined);
  });
});
