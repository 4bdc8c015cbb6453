import { invariant } from '../sdk/errors.js';
import type { CompactReader, CompactWriter } from '../worker/compact-value.js';
import type { CommittedCheckpoint, Directive, EpochPlan } from './directive.js';
import { encodeOnce, LastDecoded } from './encoded-once.js';

/**
 * What is another in almost every directive, as it travels. What stays the same for many of them, and is most of each, stands behind,
 * encoded once.
 */
type DirectiveList = readonly [
  coordinator: string,
  number: number,
  answers: number,
  settled: number,
  checkpoint: number | undefined,
  inlineBytes: number,
  pausesAt: number | undefined,
  isCrowded: boolean,
  phase: Directive['phase'],
  suspect: number | undefined,
  isCondemned: boolean | undefined,
  applicationTimeMs: number,
];

const length = 12 satisfies DirectiveList['length'];

const lastPlan = new LastDecoded<EpochPlan>();
const lastCommitted = new LastDecoded<CommittedCheckpoint>();

export function writeDirective(writer: CompactWriter, directive: Directive): void {
  const { coordinator, number, answers, settled, checkpoint, inlineBytes, pausesAt, isCrowded, phase, verdict } =
    directive;
  const list: DirectiveList = [
    coordinator,
    number,
    answers,
    settled,
    checkpoint,
    inlineBytes,
    pausesAt,
    isCrowded,
    phase,
    verdict?.number,
    verdict?.isCondemned,
    directive.applicationTimeMs,
  ];
  writer.value(list);
  writer.binary(encodeOnce(directive.plan, 'directive'));
  writer.binary(encodeOnce(directive.committed, 'directive'));
}

/** Plan and committed checkpoint may be the same objects as those of the directive before. */
export function readDirective(reader: CompactReader): Directive {
  const list = reader.value() as DirectiveList;
  invariant(list.length === length, 'a directive is whole');
  const [coordinator, number, answers, settled, checkpoint, inlineBytes, pausesAt, isCrowded, phase, ...rest] = list;
  const [suspect, isCondemned, applicationTimeMs] = rest;
  return {
    coordinator,
    number,
    answers,
    settled,
    checkpoint,
    inlineBytes,
    pausesAt,
    isCrowded,
    phase,
    verdict: suspect === undefined ? undefined : { number: suspect, isCondemned: isCondemned === true },
    applicationTimeMs,
    plan: lastPlan.of(reader.binary()),
    committed: lastCommitted.of(reader.binary()),
    inlined: undefined,
  };
}
