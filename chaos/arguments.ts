import { parseArgs } from 'node:util';

/** Whole numbers from the command line: `--kills 50 --seed 7`. */
export function numbers<K extends string>(defaults: Readonly<Record<K, number>>): Record<K, number> {
  const names = Object.keys(defaults) as K[];
  const options = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]));
  const { values } = parseArgs({ options });
  const result: Record<K, number> = { ...defaults };
  for (const name of names) {
    const text = values[name];
    if (text === undefined) continue;
    const value = Number(text);
    if (!Number.isSafeInteger(value) || value < 0) throw new Error(`--${name} ${text} is no whole number`);
    result[name] = value;
  }
  return result;
}

/** Prints what is wrong, or that nothing is, and sets the exit code. */
export function conclude(violations: readonly string[]): void {
  if (violations.length === 0) {
    console.log('Exact: nothing lost, doubled or out of order.');
    return;
  }
  console.error(`${violations.length} VIOLATIONS`);
  for (const violation of violations.slice(0, 50)) console.error(`  ${violation}`);
  process.exitCode = 1;
}
