import { expect } from 'chai';
import fc from 'fast-check';
import { encodeDirective, encodeReport, readControlFrame } from '../../src/cluster/control-frame.js';
import type { Directive } from '../../src/cluster/directive.js';
import { idleStatus, type ParticipantStatus, type Report } from '../../src/cluster/report.js';
import { refuses } from '../sdk/refuses.js';

const count = fc.maxSafeNat();
const figures = Object.keys(idleStatus) as (keyof ParticipantStatus)[];
const status = fc.record(
  Object.fromEntries(figures.map((figure) => [figure, count])),
) as unknown as fc.Arbitrary<ParticipantStatus>;
const maybe = <T>(what: fc.Arbitrary<T>) => fc.option(what, { nil: undefined });
const name = fc.string({ unit: 'grapheme', maxLength: 80 });

const shape = {
  type: 'example/greeter',
  fields: [{ name: 'seen', kind: 'plain' as const, version: 1, ttl: false }],
};

const directive: fc.Arbitrary<Directive> = fc.record({
  coordinator: name,
  number: count,
  answers: count,
  plan: maybe(
    fc.record({
      epoch: count,
      logId: name,
      base: maybe(fc.record({ checkpoint: count, index: count, savepoint: maybe(name), token: name })),
      assignment: fc.constant({ maxParallelism: 16, workers: [] }),
      workers: fc.array(fc.record({ endpoint: name, incarnation: name })),
      isSuspicious: fc.boolean(),
    }),
  ),
  committed: maybe(
    fc.record({ checkpoint: count, index: count, segments: fc.constant([]), shapes: fc.constant([shape]) }),
  ),
  settled: count,
  inlined: fc.constant(undefined),
  checkpoint: maybe(count),
  inlineBytes: count,
  pausesAt: maybe(count),
  isCrowded: fc.boolean(),
  phase: fc.constantFrom('run', 'drain', 'over'),
  verdict: maybe(fc.record({ number: count, isCondemned: fc.boolean() })),
  applicationTimeMs: fc.double({ noNaN: true }),
});

const report: fc.Arbitrary<Report> = fc.record({
  endpoint: name,
  incarnation: name,
  number: count,
  takesWork: fc.boolean(),
  isLeaving: fc.boolean(),
  epoch: count,
  state: fc.constantFrom('waiting', 'restoring', 'running', 'draining', 'drained', 'stopped'),
  lastCut: count,
  part: maybe(
    fc.record({
      checkpoint: count,
      blob: maybe(name),
      part: fc.constant(undefined),
      error: maybe(fc.record({ code: name, message: name })),
    }),
  ),
  readsFrom: count,
  hasChanges: fc.boolean(),
  isWanted: fc.boolean(),
  isDrained: fc.boolean(),
  isCrowded: fc.boolean(),
  suspect: maybe(fc.record({ number: count, invocationId: name })),
  status,
});

describe('A frame of the control plane', () => {
  it('brings a directive as it was', () => {
    fc.assert(
      fc.property(directive, (sent) => {
        expect(readControlFrame(encodeDirective(sent))).to.deep.equal({ kind: 'directive', directive: sent });
      }),
    );
  });

  it('brings a report as it was', () => {
    fc.assert(
      fc.property(report, (sent) => {
        expect(readControlFrame(encodeReport(sent))).to.deep.equal({ kind: 'report', report: sent });
      }),
    );
  });

  it('names the same plan as the one before by the same object, though its bytes were used for something else since', () => {
    fc.assert(
      fc.property(directive, (sent) => {
        const frame = encodeDirective(sent);
        const first = readControlFrame(frame);
        frame.fill(0xff);
        const second = readControlFrame(encodeDirective({ ...sent, number: 7 }));
        if (first?.kind !== 'directive' || second?.kind !== 'directive') throw new Error('these are directives');
        expect(second.directive.plan).to.equal(first.directive.plan);
        expect(second.directive.committed).to.equal(first.directive.committed);
        expect(second.directive.plan).to.deep.equal(sent.plan);
      }),
    );
  });

  it('refuses what is cut off, goes on, or is of another program', () => {
    fc.assert(
      fc.property(fc.oneof(directive.map(encodeDirective), report.map(encodeReport)), fc.nat(), (frame, cut) => {
        refuses('SF_DAMAGED', () => readControlFrame(frame.subarray(0, 1 + (cut % (frame.length - 1)))));
        refuses('SF_DAMAGED', () => readControlFrame(Uint8Array.of(...frame, 0)));
      }),
    );
  });

  it('refuses whatever else begins as one does, and does not take long for it', () => {
    const mark = fc.constantFrom(encodeDirective(sample(directive))[0], encodeReport(sample(report))[0]);
    fc.assert(
      fc.property(mark, fc.uint8Array({ maxLength: 40 }), (first, rest) => {
        refuses('SF_DAMAGED', () => readControlFrame(Uint8Array.of(first as number, ...rest)));
      }),
    );
  });

  it('is none when it begins otherwise', () => {
    expect(readControlFrame(Uint8Array.of(0xfc, 1, 2))).to.equal(undefined);
    expect(readControlFrame(new Uint8Array(0))).to.equal(undefined);
  });
});

function sample<T>(what: fc.Arbitrary<T>): T {
  return fc.sample(what, 1)[0] as T;
}
