import { Service } from '@stateful-functions/core';

/** The words. Injected into whoever asks for them in its constructor. */
@Service()
export class GreetingTexts {
  greet(name: string, seen: number): string {
    if (seen === 1) return `Welcome, ${name}!`;
    return `Nice to see you for the ${ordinal(seen)} time, ${name}!`;
  }
}

const plural = new Intl.PluralRules('en', { type: 'ordinal' });
const suffixes: Partial<Record<Intl.LDMLPluralRule, string>> = { one: 'st', two: 'nd', few: 'rd' };

function ordinal(n: number): string {
  return `${n}${suffixes[plural.select(n)] ?? 'th'}`;
}
