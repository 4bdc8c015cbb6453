import type { LoadHook } from 'node:module';
import { sabotaged } from './mutant.js';
import { mutants } from './mutants.js';

/** Hooks of the module loader, by which the core is loaded with one mutant's edits. */
let mutant = mutants[0];

/** @param name which mutant */
export function initialize(name: string): void {
  mutant = mutants.find((each) => each.name === name);
  if (mutant === undefined) throw new Error(`there is no mutant ${name}`);
}

const place = '/packages/core/dist/src/';

export const load: LoadHook = async (url, context, nextLoad) => {
  const loaded = await nextLoad(url, context);
  const at = url.indexOf(place);
  if (at < 0 || mutant === undefined || loaded.source === undefined || loaded.source === null) return loaded;
  const source =
    typeof loaded.source === 'string' ? loaded.source : Buffer.from(loaded.source as Uint8Array).toString('utf8');
  return { ...loaded, source: sabotaged(mutant, url.slice(at + place.length), source) };
};
