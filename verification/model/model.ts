import type { Arrival } from '../application/intake.js';
import { Course } from './course.js';
import type { Choices, Foretold } from './foretold.js';

/**
 * Foretells what every address and egress must hold once all has been carried out, without running anything.
 *
 * Possible because whatever depends on the order of messages is done only where that order is guaranteed, and everything else
 * adds up to the same in any order. What two outcomes are right for is told by the trace that one of them leaves; all that
 * would follow from it must then be there, or none.
 */
export class Model {
  readonly #arrivals: Arrival[] = [];

  /** Adds a record, behind those that its ingress has. */
  add(arrival: Arrival): void {
    this.#arrivals.push(arrival);
  }

  foretell(choices: Choices): Foretold {
    const course = new Course(choices);
    for (const arrival of this.#arrivals) course.arrive(arrival);
    return course.foretold;
  }

  /** What must be there whatever the choices. */
  get certain(): Foretold {
    return this.foretell({ ran: () => false, answered: () => false });
  }
}
