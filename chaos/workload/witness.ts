import { createHash } from 'node:crypto';

/** What the output looked like at one moment. */
interface Sight {
  readonly when: string;
  readonly length: number;
  readonly digest: string;
}

/**
 * Looks at the output whenever the application has ended, to say in the end whether a line that could be read was withdrawn.
 *
 * A sink cuts off what it does not know to be published and writes it again; it must be the same then. Lines that left before
 * their checkpoint was committed would come again in another order, or not at all.
 */
export class Witness {
  readonly #sights: Sight[] = [];

  look(when: string, output: string): void {
    const length = output.lastIndexOf('\n') + 1; // Behind it is what was torn.
    this.#sights.push({ when, length, digest: digestOf(output.slice(0, length)) });
  }

  /** What was there and is not in `output`, the last one. */
  testify(output: string): string[] {
    const isKept = ({ length, digest }: Sight) => digestOf(output.slice(0, length)) === digest;
    return this.#sights
      .filter((sight) => !isKept(sight))
      .map(({ when }) => `lines were withdrawn that were there ${when}`);
  }
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
