import { parseArgs } from 'node:util';
import type { SimulatorOptions } from '../simulator/simulator.js';

export interface Arguments extends SimulatorOptions {
  /** Where the page is; any free port by default. */
  readonly port: number;
}

const defaults = { seed: '1', drivers: '2500', passengers: 'Infinity', 'passengers-per-second': '40', port: '0' };

/**
 * What the command line says.
 *
 * @param own further options of a program, whole numbers from 1 on, with their defaults.
 * @throws if it makes no sense
 */
export function parseArguments<Own extends string = never>(
  args: readonly string[],
  own: Readonly<Record<Own, string>> = {} as Record<Own, string>,
): Arguments & Record<Own, number> {
  const all: Readonly<Record<string, string>> = { ...defaults, ...own };
  const options = Object.fromEntries(
    Object.entries(all).map(([name, value]) => [name, { type: 'string', default: value } as const]),
  );
  const { values } = parseArgs({ args: [...args], options });
  const number = (name: string, least: number) => {
    const value = Number(values[name]);
    if (Number.isInteger(value) || (name === 'passengers' && value === Infinity)) if (value >= least) return value;
    throw new Error(`--${name} is ${values[name]}. Give a whole number from ${least} on.`);
  };
  const further = Object.keys(own).map((name) => [name, number(name, 1)]);
  return {
    ...(Object.fromEntries(further) as Record<Own, number>),
    seed: number('seed', 0),
    drivers: number('drivers', 1),
    passengers: number('passengers', 1),
    passengersPerSecond: number('passengers-per-second', 1),
    port: number('port', 0),
  };
}
