import type { TraceEgress } from '../application/trace.js';

/** What the outcome itself has to tell, since either would be right. */
export interface Choices {
  /** Whether the command of a timer ran that was to be cancelled. */
  ran(id: string, to: string): boolean;
  /** Whether an answer was in time for which its asker waits but a moment. */
  answered(id: string, asker: string): boolean;
}

/** A record that must come out, once. */
export interface ForetoldTrace {
  readonly by: string;
  readonly egress: TraceEgress;
  /** Whether it is one of an invocation, or one that an invocation writes beside its own. */
  readonly isVisit: boolean;
  readonly from?: string;
  /** Whether its message has a number among those of its pair of addresses. */
  readonly isNumbered?: boolean;
  /** Whether its message is a timer's. */
  readonly isTimed?: boolean;
  readonly detail?: string;
}

/** A message that must become a dead letter, once. */
export interface ForetoldLetter {
  readonly code: string;
  readonly attempts: number;
}

/** What an actor must hold. */
export class ForetoldActor {
  visits = 0;
  total = 0;
  late = 0;
  title: string | undefined;
  readonly emitted = [0, 0];
  readonly bag = new Map<string, number>();
  readonly tallies = new Map<string, number>();
  readonly pages = new Map<string, number>();
  readonly sentTo = new Map<string, number>();
  readonly heardFrom = new Map<string, number>();
  readonly answers = new Map<string, number | 'failed'>();
  /** The timers it cancels. */
  readonly cancels: string[] = [];
  readonly trail: string[] = [];
  diary: string[] = [];
}

/** What a mortal must hold. */
export class ForetoldMortal {
  age = 0;
  total = 0;
  readonly marks = new Map<string, number>();
  readonly shelf = new Map<string, number>();
  readonly notes: string[] = [];
}

/** All that must be there in the end. */
export class Foretold {
  /** By address. */
  readonly actors = new Map<string, ForetoldActor>();
  readonly mortals = new Map<string, ForetoldMortal>();
  /** By id. */
  readonly traces = new Map<string, ForetoldTrace>();
  readonly deadLetters = new Map<string, ForetoldLetter>();
  /** Timers that their owners cancel when it may be too late: the id of the command, and the owner. */
  readonly races = new Map<string, string>();
  /** The ids of commands that do not run, since their timer was cancelled. */
  readonly silenced = new Set<string>();
}
