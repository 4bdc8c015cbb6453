/** One way to break the protocol: what is changed in the compiled text of the core before it runs. */
export interface Mutant {
  readonly name: string;
  /** What it breaks, in words. */
  readonly breaks: string;
  readonly edits: readonly Edit[];
  /** A seed that is known to show it; a test replays it. */
  readonly shownBy: number;
}

export interface Edit {
  /** The module, within the core's compiled sources: `cluster/channels.js`. */
  readonly module: string;
  /** A text that occurs there exactly once. */
  readonly from: string;
  readonly to: string;
}

/** Applies the edits that are for a module. @throws an error where a text is not there, or not once: the mutant is out of date */
export function sabotaged(mutant: Mutant, module: string, source: string): string {
  let text = source;
  for (const { from, to } of mutant.edits.filter((edit) => edit.module === module)) {
    const parts = text.split(from);
    if (parts.length !== 2) {
      throw new Error(`the mutant "${mutant.name}" is out of date: ${module} has its text ${parts.length - 1} times`);
    }
    text = parts.join(to);
  }
  return text;
}
