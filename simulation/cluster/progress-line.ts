/** How far a long run has come, on one line that is written over again and again; nothing unless somebody watches a terminal. */
export class ProgressLine {
  readonly #out: NodeJS.WriteStream;
  #shown = '';

  constructor(out: NodeJS.WriteStream = process.stderr) {
    this.#out = out;
  }

  show(text: string): void {
    if (!this.#out.isTTY) return;
    this.clear();
    this.#shown = text;
    this.#out.write(text);
  }

  /** Makes room for other lines. */
  clear(): void {
    if (this.#shown === '') return;
    this.#out.write(`\r${' '.repeat(this.#shown.length)}\r`);
    this.#shown = '';
  }
}
