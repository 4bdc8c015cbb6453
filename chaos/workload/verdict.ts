import type { Line, Report } from '../application/node.js';
import type { Model } from './model.js';

/** What was left behind by an application that has carried out all of its commands. */
export interface Outcome {
  readonly output: string;
  readonly deadLetters: string;
  readonly reports: ReadonlyMap<string, Report>;
}

/** What was compared, and everything that is not as it must be. */
export interface Verdict {
  readonly lines: number;
  readonly nodes: number;
  readonly values: number;
  readonly deadLetters: number;
  readonly violations: readonly string[];
}

/** Compares an outcome with what the model foretells, exactly. */
export function judge(model: Model, { output, deadLetters, reports }: Outcome): Verdict {
  const violations: string[] = [];
  const lines = judgeLines(model, output, violations);
  const dead = deadLetters === '' ? 0 : deadLetters.trimEnd().split('\n').length;
  if (dead !== model.deadLetters) violations.push(`${dead} dead letters instead of ${model.deadLetters}`);
  let values = 0;
  for (const [id, foretold] of model.reports) {
    const found = reports.get(id);
    for (const field of Object.keys(foretold) as (keyof Report)[]) {
      const expected = JSON.stringify(foretold[field]);
      const actual = JSON.stringify(found?.[field]);
      values += 1;
      if (actual !== expected) violations.push(`${field} of ${id} is ${actual}, not ${expected}`);
    }
  }
  return { lines, nodes: model.reports.size, values, deadLetters: dead, violations };
}

function judgeLines(model: Model, output: string, violations: string[]): number {
  const seen = new Set<string>();
  const sequences = new Map<string, number>();
  if (output !== '' && !output.endsWith('\n')) violations.push('the last line has no end');
  const texts = output === '' ? [] : output.replace(/\n$/, '').split('\n');
  for (const [index, text] of texts.entries()) {
    let line: Line;
    try {
      line = JSON.parse(text) as Line;
    } catch {
      violations.push(`line ${index + 1} is not JSON: ${text.slice(0, 80)}`);
      continue;
    }
    const { sender, sequence, id } = line;
    if (seen.has(id)) violations.push(`line ${index + 1} writes ${id} again`);
    seen.add(id);
    const before = sequences.get(sender) ?? 0;
    if (sequence !== before + 1)
      violations.push(`line ${index + 1}: ${sender} writes its ${sequence}. after its ${before}.`);
    sequences.set(sender, sequence);
    if (model.lines.get(id) !== sender) violations.push(`line ${index + 1}: ${sender} writes ${id}, which it must not`);
  }
  for (const [id, sender] of model.lines) if (!seen.has(id)) violations.push(`${id} of ${sender} is missing`);
  return texts.length;
}
