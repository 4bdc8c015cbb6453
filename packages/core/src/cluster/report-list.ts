import { decode } from '../codec/codec.js';
import { invariant } from '../sdk/errors.js';
import type { CompactReader, CompactWriter } from '../worker/compact-value.js';
import { encodeOnce } from './encoded-once.js';
import type { ParticipantStatus, PartReport, Report } from './report.js';

/** What is another in almost every report, as it travels. The part of a checkpoint, if there is one, stands behind, encoded once. */
type ReportList = readonly [
  endpoint: string,
  incarnation: string,
  number: number,
  takesWork: boolean,
  isLeaving: boolean,
  epoch: number,
  state: Report['state'],
  lastCut: number,
  readsFrom: number,
  hasChanges: boolean,
  isWanted: boolean,
  isDrained: boolean,
  isCrowded: boolean,
  suspect: number | undefined,
  invocationId: string | undefined,
  status: StatusList,
];

type StatusList = readonly [
  events: number,
  invocations: number,
  failures: number,
  retries: number,
  deadLetters: number,
  egressPublished: number,
  egressPending: number,
  backlog: number,
  addresses: number,
];

const lengthOf = { report: 16, status: 9 } satisfies { report: ReportList['length']; status: StatusList['length'] };

export function writeReport(writer: CompactWriter, report: Report): void {
  const { status, suspect } = report;
  const figures: StatusList = [
    status.events,
    status.invocations,
    status.failures,
    status.retries,
    status.deadLetters,
    status.egressPublished,
    status.egressPending,
    status.backlog,
    status.addresses,
  ];
  const list: ReportList = [
    report.endpoint,
    report.incarnation,
    report.number,
    report.takesWork,
    report.isLeaving,
    report.epoch,
    report.state,
    report.lastCut,
    report.readsFrom,
    report.hasChanges,
    report.isWanted,
    report.isDrained,
    report.isCrowded,
    suspect?.number,
    suspect?.invocationId,
    figures,
  ];
  writer.value(list);
  writer.binary(encodeOnce(report.part, 'report'));
}

export function readReport(reader: CompactReader): Report {
  const list = reader.value() as ReportList;
  invariant(list.length === lengthOf.report, 'a report is whole');
  const [endpoint, incarnation, number, takesWork, isLeaving, epoch, state, lastCut, readsFrom, ...rest] = list;
  const [hasChanges, isWanted, isDrained, isCrowded, suspect, invocationId, status] = rest;
  const part = reader.binary();
  return {
    endpoint,
    incarnation,
    number,
    takesWork,
    isLeaving,
    epoch,
    state,
    lastCut,
    readsFrom,
    hasChanges,
    isWanted,
    isDrained,
    isCrowded,
    suspect: suspect === undefined ? undefined : { number: suspect, invocationId: invocationId as string },
    status: statusOf(status),
    part: part.length === 0 ? undefined : (decode(part) as PartReport),
  };
}

function statusOf(list: StatusList): ParticipantStatus {
  invariant(list.length === lengthOf.status, 'a status is whole');
  const [events, invocations, failures, retries, deadLetters, egressPublished, egressPending, backlog, addresses] =
    list;
  return {
    events,
    invocations,
    failures,
    retries,
    deadLetters,
    egressPublished,
    egressPending,
    backlog,
    addresses,
  };
}
