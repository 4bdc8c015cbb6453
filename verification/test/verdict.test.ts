import type { DeadLetter } from '@stateful-functions/core';
import { expect } from 'chai';
import type { ActorReport } from '../application/actor.js';
import type { MortalReport } from '../application/mortal.js';
import type { RegisterReport } from '../application/register.js';
import type { Trace } from '../application/trace.js';
import { judge, Occupancy, type Outcome, type VerificationWorkload } from '../index.js';
import { type Trial, trial } from './trial.js';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** An outcome to be tampered with. */
interface Tampered {
  readonly traces: Mutable<Trace>[][];
  readonly deadLetters: Mutable<DeadLetter>[];
  readonly noticed: string[];
  readonly actors: Map<string, { -readonly [K in keyof ActorReport]: Mutable<ActorReport[K]> }>;
  readonly mortals: Map<string, Mutable<MortalReport>>;
  readonly registers: Map<string, Mutable<RegisterReport>>;
  clockSkewMs?: number;
}

describe('The verdict on the verification application', () => {
  let workload: VerificationWorkload;
  let exact: Outcome;

  before(async () => {
    ({ workload, outcome: exact } = await trial(5, { commands: 120, calls: 12, hasLongTimers: false }));
  });

  /** What is found when an exact outcome is changed. */
  const found = (tamper: (outcome: Tampered) => void): string[] => {
    const { traces, deadLetters, noticed, actors, mortals, registers } = exact;
    const outcome = structuredClone({
      traces,
      deadLetters,
      noticed,
      actors,
      mortals,
      registers,
    }) as unknown as Tampered;
    tamper(outcome);
    return judge(workload, outcome as Outcome).violations;
  };
  const expectFound = (words: RegExp, tamper: (outcome: Tampered) => void) => {
    const violations = found(tamper);
    expect(
      violations.some((violation) => words.test(violation)),
      violations.join('\n') || 'nothing found',
    ).to.equal(true);
  };
  const actorWhere = ({ actors }: Tampered, holds: (report: ActorReport) => boolean) =>
    [...actors.values()].find((report) => holds(report as ActorReport)) as Mutable<ActorReport>;
  const acknowledged = () =>
    workload.calls.find((call) => workload.clients.fateOf(call) === 'acknowledged' && call.entry.manner === 'at-once')
      ?.entry.id as string;
  const hasSome = (value: unknown) => (Array.isArray(value) ? value.length > 0 : value !== undefined);
  const isOfActor = ({ by }: Trace) => by.startsWith('verification/actor/');

  it('finds nothing in an exact outcome', () => {
    expect(found(() => {})).to.deep.equal([]);
  });

  it('finds a record that is missing, doubled, foreign, misplaced or out of order', () => {
    expectFound(/^egress: \S+ of .* is missing/, ({ traces }) => traces[0]?.splice(10, 1));
    expectFound(/^egress: .* is there twice/, ({ traces }) => traces[1]?.push(traces[1][3] as Trace));
    expectFound(/^egress: stray of .* must not be/, ({ traces }) => {
      traces[0]?.push({ ...(traces[0].find(isOfActor) as Trace), id: 'stray' });
    });
    expectFound(/^egress: .* in egress 1, not of .* in 0/, ({ traces }) => {
      traces[1]?.push(...(traces[0] ?? []).splice(traces[0]?.findIndex(isOfActor) ?? 0, 1));
    });
    expectFound(/^egress: .* is the 2\. of .* in egress 0, after its 0\./, ({ traces }) => {
      const [records] = traces as [Trace[]];
      const second = records.findIndex(({ sequence }) => sequence === 2);
      const first = records.findIndex(({ by }) => by === records[second]?.by);
      [records[first], records[second]] = [records[second] as Trace, records[first] as Trace];
    });
  });

  it('finds two messages of a pair that changed places', () => {
    const swapped = ({ traces }: Tampered) => {
      const all = traces.flat();
      const second = all.find(({ pair }) => pair === 2) as Mutable<Trace>;
      const first = all.find(({ by, from, pair }) => by === second.by && from === second.from && pair === 1);
      [(first as Mutable<Trace>).pair, second.pair] = [2, 1];
    };
    expectFound(/^order: .* is the 2\. message of .*, handled after its 0\./, swapped);
    expectFound(/^order: .* noticed that/, (outcome) => {
      actorWhere(outcome, ({ visits }) => visits > 0).disorders = ['two came the wrong way round'];
    });
  });

  it('finds an invocation that the state has and the egress shows elsewhere', () => {
    expectFound(/^order: .* let out .* where it holds/, (outcome) => {
      const report = actorWhere(outcome, ({ trail }) => trail.length > 1);
      report.trail = [...report.trail].reverse();
    });
    expectFound(/^order: .* visit of .*, after its/, ({ traces }) => {
      (traces[0]?.find(isOfActor) as Mutable<Trace>).visit += 100;
    });
  });

  it('finds a value of any kind that is off', () => {
    const changes: { [K in keyof ActorReport]?: (report: ActorReport) => ActorReport[K] } = {
      total: ({ total }) => total + 1,
      title: () => 'another',
      emitted: () => [0, 0],
      bag: ({ bag }) => [...bag, ['k', 1]],
      tallies: ({ tallies }) => tallies.map(([key, sum]) => [key, sum + 1]),
      pages: () => [],
      diary: ({ diary }) => diary.slice(1),
      heardFrom: () => [],
      answers: ({ answers }) => answers.map(([id]) => [id, 'failed']),
      cancels: ({ cancels }) => cancels.slice(1),
      kept: () => ['a token'],
    };
    for (const [field, change] of Object.entries(changes) as [keyof ActorReport, (report: ActorReport) => never][]) {
      const name = field === 'kept' ? 'what is kept' : field;
      expectFound(new RegExp(`^state: ${name} of `), (outcome) => {
        const report = actorWhere(outcome, (each) => field === 'kept' || hasSome(each[field]));
        (report as Record<string, unknown>)[field] = change(report);
      });
    }
    expectFound(/^state: .* has not told what it holds/, ({ actors }) =>
      actors.delete([...actors.keys()][0] as string),
    );
  });

  it('finds what should have been forgotten, and what should not', () => {
    expectFound(/^egress: .* says age \d+, total 99, .*, not age/, ({ traces }) => {
      const trace = traces[1]?.find(({ detail }) => detail !== undefined) as Mutable<Trace>;
      trace.detail = trace.detail?.replace(/total \d+/, 'total 99') ?? '';
    });
    expectFound(/^state: age of verification\/mortal/, ({ mortals }) => {
      for (const report of mortals.values()) report.age += 1;
    });
    expectFound(/^state: shelf of verification\/mortal/, ({ mortals }) => {
      for (const report of mortals.values()) report.shelf = [['s9', 1]];
    });
  });

  it('finds a timer that was early, unless clocks may differ by so much', () => {
    const early = (ms: number, isOwn: boolean) => (outcome: Tampered) => {
      const timed = ({ by, from, dueMs }: Trace) => dueMs !== undefined && (from === by) === isOwn;
      const trace = outcome.traces.flat().find(timed) as Mutable<Trace>;
      trace.atMs = (trace.dueMs as number) - ms;
    };
    const skewed = (tamper: (outcome: Tampered) => void) => (outcome: Tampered) => {
      outcome.clockSkewMs = 10;
      tamper(outcome);
    };
    expectFound(/^timer: .* came 1 ms early/, early(1, false));
    expectFound(/^timer: .* came 11 ms early/, skewed(early(11, false)));
    expect(found(skewed(early(10, false)))).to.deep.equal([]);
  });

  it('finds a timer that fired though it was cancelled in time', () => {
    const [id, target] = cancelled();
    expectFound(new RegExp(`^cancel: ${id} ran, though .* had cancelled`), ({ actors }) => {
      const report = actors.get(target) as Mutable<ActorReport>;
      report.trail = [...report.trail, id];
    });
    expectFound(/^cancel: .* ran, though its timer was cancelled/, ({ traces }) => {
      traces[0]?.push({ ...(traces[0].find(isOfActor) as Trace), id });
    });
  });

  it('finds that what ran too late to be cancelled did so by halves', () => {
    const ran = exact.traces.flat().find(({ id, dueMs }) => dueMs !== undefined && raced().has(id)) as Trace;
    expectFound(/^egress: .* is missing/, ({ traces }) => {
      for (const records of traces) records.splice(0, records.length, ...records.filter(({ id }) => id !== ran.id));
    });
    expectFound(/^egress: .* must not be|^cancel: /, ({ actors }) => {
      const report = actors.get(ran.by) as Mutable<ActorReport>;
      report.trail = report.trail.filter((id) => id !== ran.id);
    });
  });

  it('finds a dead letter that is missing, doubled, foreign, or of another kind', () => {
    expectFound(/^dead letter: .* is missing/, ({ deadLetters }) => deadLetters.splice(0, 1));
    expectFound(/^dead letter: .* is there twice/, ({ deadLetters }) => deadLetters.push(deadLetters[0] as DeadLetter));
    expectFound(/^dead letter: 0 at .* must not be/, ({ deadLetters }) => {
      deadLetters.push({ ...(deadLetters[0] as DeadLetter), message: { id: '0' } });
    });
    expectFound(/^dead letter: .* is of SF_POISONED/, ({ deadLetters }) => {
      (deadLetters[0] as Mutable<DeadLetter>).code = 'SF_POISONED';
    });
  });

  it('finds a message of a client that is lost, doubled, or only half there', () => {
    const id = acknowledged();
    const without = ({ traces, registers }: Tampered) => {
      for (const records of traces) records.splice(0, records.length, ...records.filter((trace) => trace.id !== id));
      for (const report of registers.values()) report.entries = report.entries.filter(([entry]) => entry !== id);
    };
    expectFound(new RegExp(`^client: ${id}, acknowledged to its client, is lost`), without);
    expectFound(new RegExp(`^client: ${id}, .* happened 2 times`), ({ registers }) => {
      for (const report of registers.values())
        report.entries = report.entries.map(([entry, count]) => [entry, entry === id ? 2 : count]);
    });
    expectFound(new RegExp(`^client: ${id}, .* is there 0 times, and 1 times in the egress`), ({ registers }) => {
      for (const report of registers.values()) report.entries = report.entries.filter(([entry]) => entry !== id);
    });
    expectFound(/^client: stray is there, and no client sent it/, ({ registers }) => {
      for (const report of registers.values()) report.entries = [...report.entries, ['stray', 1]];
    });
  });

  it('finds what handlers noticed', () => {
    const occupancy = new Occupancy();
    const leave = occupancy.enter('epoch 1', 'a');
    occupancy.enter('epoch 2', 'a')();
    leave();
    occupancy.enter('epoch 1', 'a');
    expect(occupancy.violations).to.deep.equal([]);
    occupancy.enter('epoch 1', 'a');
    expect(occupancy.violations).to.deep.equal(['overlap: a has a second invocation in epoch 1']);
    expectFound(/^overlap: /, ({ noticed }) => noticed.push(...occupancy.violations));
  });

  /** The ids of commands whose timers their owners cancel, and where they go. */
  function raced(): Map<string, string> {
    return new Map([...exact.actors.values()].flatMap(({ cancels }) => cancels));
  }

  /** A command whose timer was cancelled early, and the address it was for. */
  function cancelled(): [id: string, target: string] {
    const [id] = [...raced()].find(([, when]) => when === 'early') as [string, string];
    const text = JSON.stringify(workload.arrivals);
    const [, to] = new RegExp(`"id":${JSON.stringify(id)},"to":"([^"]*)"`).exec(text) as unknown as [string, string];
    return [id, `verification/actor/${JSON.parse(`"${to}"`)}`];
  }
});

describe('The calls of clients', () => {
  it('may be repeated only with a key', async () => {
    const { workload }: Trial = await trial(3, { commands: 1, calls: 20 });
    const unkeyed = workload.calls.find(({ key }) => key === undefined);
    let refused: unknown;
    await workload.clients.make({} as never, unkeyed as never).catch((error: unknown) => {
      refused = error;
    });
    expect(String(refused)).to.match(/has no key and was made before/);
  });
});
