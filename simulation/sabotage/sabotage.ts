import { hunt } from './hunt.js';
import type { Mutant } from './mutant.js';
import { mutants } from './mutants.js';

/** A mutant is to be shown within so many seeds. */
const mostSeeds = 500;

export interface SabotageOptions {
  readonly from: number;
  /** So many at most for each mutant; 500 by default. */
  readonly seeds: number | undefined;
  /** Mutants that are hunted at once. */
  readonly jobs: number;
}

/**
 * Breaks the core in each known way, and looks for a seed that shows it; stops at the first. Resolves with how many no seed
 * showed: rules that nothing checks.
 *
 * @param names which mutants; all if empty
 */
export async function sabotage(
  names: readonly string[],
  { from, seeds = mostSeeds, jobs }: SabotageOptions,
): Promise<number> {
  const chosen = mutants.filter(({ name }) => names.length === 0 || names.includes(name));
  let next = 0;
  let missed = 0;
  const work = async () => {
    for (let mutant = chosen[next++]; mutant !== undefined; mutant = chosen[next++]) {
      if (!(await isShown(mutant, from, seeds))) missed += 1;
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  console.log(`${chosen.length - missed} of ${chosen.length} mutants shown`);
  return missed;
}

async function isShown(mutant: Mutant, from: number, seeds: number): Promise<boolean> {
  const found = await hunt(mutant, from, seeds);
  if (found === undefined) {
    console.log(`${mutant.name.padEnd(34)} NOT SHOWN by ${seeds} seeds: ${mutant.breaks}`);
    return false;
  }
  const [first = ''] = found.violation.split('\n');
  console.log(`${mutant.name.padEnd(34)} seed ${String(found.seed).padEnd(4)} ${first.slice(0, 120)}`);
  return true;
}
