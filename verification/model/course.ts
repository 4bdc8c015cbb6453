import { Actor } from '../application/actor.js';
import { type Act, type Command, idOf, type SendingAct, worthOf } from '../application/command.js';
import { maxAttempts } from '../application/conduct.js';
import type { Arrival } from '../application/intake.js';
import { isPoison, type Mannered } from '../application/manner.js';
import { type Choices, Foretold, ForetoldActor, type ForetoldTrace } from './foretold.js';
import { MortalCourse } from './mortal-course.js';

/** How a command comes to its actor. */
interface Way {
  readonly from: string;
  readonly isTimed?: boolean;
}

/** Follows each command to all that comes of it. */
export class Course {
  readonly foretold = new Foretold();
  readonly #choices: Choices;
  readonly #mortals: MortalCourse;

  constructor(choices: Choices) {
    this.#choices = choices;
    this.#mortals = new MortalCourse(this.foretold, {
      bury: (order) => this.#bury(order),
      trace: (id, trace) => this.#trace(id, trace),
      carry: (command, from) => this.#carry(command, { from, isTimed: true }),
    });
  }

  arrive({ id, forwards, isBroken }: Arrival): void {
    if (isBroken) {
      this.foretold.deadLetters.set(id, { code: 'SF_ROUTER_FAILED', attempts: 1 });
      return;
    }
    for (const forward of forwards) {
      if (forward.kind === 'actor') this.#arriveAt(forward.delivery.from, forward.delivery.command);
      else this.#mortals.obey(forward.order, forward.kind === 'relay' ? forward.relay : undefined);
    }
  }

  #arriveAt(from: string, command: Command): void {
    if (!isPoison(command.manner)) count(this.#actor(addressOf(command.to)).heardFrom, from);
    this.#carry(command, { from });
  }

  /** @returns whether it is carried out, rather than a dead letter. */
  #carry(command: Command, { from, isTimed = false }: Way): boolean {
    const { id, to, manner, egress } = command;
    if (isPoison(manner)) {
      this.#bury(command);
      return false;
    }
    const by = addressOf(to);
    this.#visit(id, { by, egress, from, isTimed, isNumbered: !isTimed });
    const actor = this.#actor(by);
    for (const act of command.acts) this.#do(act, by, actor);
    return true;
  }

  #do(act: Act, by: string, actor: ForetoldActor): void {
    switch (act.kind) {
      case 'increment':
        actor.total += act.amount;
        break;
      case 'mutate':
        count(actor.bag, act.key, act.amount);
        break;
      case 'tally':
        count(actor.tallies, act.key, act.amount);
        break;
      case 'emit':
        this.#write(act.id, { by, egress: act.egress, isVisit: false });
        break;
      case 'write':
        actor.pages.set(act.key, act.value);
        break;
      case 'erase':
        actor.pages.delete(act.key);
        break;
      case 'wipe':
        actor.pages.clear();
        break;
      case 'append':
        actor.diary.push(act.text);
        break;
      case 'rewrite':
        actor.diary = [...act.texts];
        break;
      case 'entitle':
        actor.title = act.title;
        break;
      default:
        this.#follow(act, by, actor);
    }
  }

  #follow(act: SendingAct, by: string, actor: ForetoldActor): void {
    const { command } = act;
    const { id } = command;
    if (act.kind === 'send') {
      this.#pass(by, command);
      this.#carry(command, { from: by });
    } else if (act.kind === 'ask') this.#ask(act, by, actor);
    else if (act.kind === 'drop') this.#silence(command);
    else if (act.kind === 'race') {
      this.foretold.races.set(id, by);
      actor.cancels.push(id);
      this.#recall(act, by);
      if (this.#choices.ran(id, addressOf(command.to))) this.#carry(command, { from: by, isTimed: true });
      else this.#silence(command);
    } else {
      if (act.kind === 'theft') this.#steal(act, by);
      this.#carry(command, { from: by, isTimed: true });
    }
  }

  #recall({ command: { id }, cancel }: SendingAct & { kind: 'race' }, by: string): void {
    if (cancel.by === 'timer') {
      this.#visit(idOf.cancel(id), { by, egress: 0, from: by });
      return;
    }
    const via = addressOf(cancel.via);
    this.#passed(idOf.bounce(id), by, via);
    this.#passed(idOf.cancel(id), via, by);
  }

  #steal({ command, thief, afterMs }: SendingAct & { kind: 'theft' }, from: string): void {
    const id = idOf.theft(command.id);
    if (afterMs === undefined) this.#passed(id, from, addressOf(thief));
    else this.#visit(id, { by: addressOf(thief), egress: 0, from });
  }

  #ask({ command, timeoutMs }: SendingAct & { kind: 'ask' }, by: string, asker: ForetoldActor): void {
    const { id } = command;
    const from = addressOf(command.to);
    const isPatient = timeoutMs === undefined;
    this.#pass(by, command);
    const isAnswered = this.#carry(command, { from: by });
    if (isAnswered && command.defers) this.#visit(idOf.deferred(id), { by: from, egress: 0, from });
    if (!isPatient && !this.#choices.answered(id, by)) {
      asker.late += 1;
      return;
    }
    asker.answers.set(id, isAnswered ? worthOf(command) : 'failed');
    if (!isAnswered) this.#visit(idOf.failure(id), { by, egress: 0 });
    else if (isPatient) this.#passed(idOf.answer(id), from, by);
    else this.#visit(idOf.answer(id), { by, egress: 0, from });
  }

  #silence({ id, acts }: Command): void {
    this.foretold.silenced.add(id);
    for (const act of acts) {
      if (act.kind === 'emit') this.foretold.silenced.add(act.id);
      else if ('command' in act) this.#silence(act.command);
    }
  }

  /** A message that its receiver only takes note of. */
  #passed(id: string, from: string, by: string): void {
    count(this.#actor(from).sentTo, by);
    count(this.#actor(by).heardFrom, from);
    this.#visit(id, { by, egress: 0, from, isNumbered: true });
  }

  #pass(from: string, { to, manner }: Command): void {
    if (isPoison(manner)) return;
    count(this.#actor(from).sentTo, addressOf(to));
    count(this.#actor(addressOf(to)).heardFrom, from);
  }

  #visit(id: string, trace: Omit<ForetoldTrace, 'isVisit'>): void {
    const actor = this.#actor(trace.by);
    actor.visits += 1;
    actor.trail.push(id);
    this.#write(id, { ...trace, isVisit: true });
  }

  #write(id: string, trace: ForetoldTrace): void {
    const { emitted } = this.#actor(trace.by);
    emitted[trace.egress] = (emitted[trace.egress] ?? 0) + 1;
    this.#trace(id, trace);
  }

  #trace(id: string, trace: ForetoldTrace): void {
    const { traces } = this.foretold;
    if (traces.has(id)) throw new Error(`the workload uses the id ${id} twice`);
    traces.set(id, trace);
  }

  #bury({ id, manner }: Mannered): void {
    const code = manner === 'hang' ? 'SF_HANDLER_TIMEOUT' : 'SF_HANDLER_FAILED';
    this.foretold.deadLetters.set(id, { code, attempts: maxAttempts });
  }

  #actor(address: string): ForetoldActor {
    const { actors } = this.foretold;
    let actor = actors.get(address);
    if (actor === undefined) {
      actor = new ForetoldActor();
      actors.set(address, actor);
    }
    return actor;
  }
}

function addressOf(actor: string): string {
  return `${Actor.name}/${actor}`;
}

function count(map: Map<string, number>, key: string, amount = 1): void {
  map.set(key, (map.get(key) ?? 0) + amount);
}
